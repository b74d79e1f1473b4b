"""AutoRetouch over HTTP: the `ports.Service` that talks to the real thing, or to the sandbox.

`client` has one method per operation; `faults` the table from answers to errors; `http` is httpx's home;
`auth_server` the sign-in's endpoints, `auth` the access tokens, `device` the sign-in through the browser; `payloads`
reads bodies; `routes` spells URLs; `transfer` moves files off the loop.
"""

from hotfolder.adapters.autoretouch.client import AutoRetouch
from hotfolder.adapters.autoretouch.device import DeviceCode, DeviceSignIn
from hotfolder.adapters.autoretouch.http import Timeouts

__all__ = ["AutoRetouch", "DeviceCode", "DeviceSignIn", "Timeouts"]
