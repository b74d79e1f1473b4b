"""AutoRetouch over HTTP: the `ports.Service` that talks to the real thing, or to the sandbox.

`client` has one method per operation; `faults` the table from answers to errors; `http` is httpx's home;
`auth` the sign-in; `payloads` reads bodies; `routes` spells URLs; `transfer` moves files off the loop.
"""

from hotfolder.adapters.autoretouch.client import AutoRetouch
from hotfolder.adapters.autoretouch.http import Timeouts

__all__ = ["AutoRetouch", "Timeouts"]
