"""AutoRetouch over HTTP: the `ports.Service` that talks to the real thing, or to the sandbox.

`client` has one method per operation, and `signed` sends them; `faults` is the table from answers to errors; `http` and
`connecting` are httpx's home, `proxies` reads what the environment says of them, `unpacking` bodies; `auth_server` has the
sign-in's endpoints, `grants` what they give, `auth` the access tokens, `device` the sign-in through the browser; `payloads`
reads bodies; `routes` spells URLs; `transfer` moves files off the loop.
"""

from hotfolder.adapters.autoretouch.auth import signed_out
from hotfolder.adapters.autoretouch.client import AutoRetouch
from hotfolder.adapters.autoretouch.connecting import Timeouts
from hotfolder.adapters.autoretouch.device import DeviceCode, DeviceSignIn

__all__ = ["AutoRetouch", "DeviceCode", "DeviceSignIn", "Timeouts", "signed_out"]
