"""A faithful AutoRetouch of its own: an HTTP server built to the API's contract, with faults to switch on.

The demo runs on it, the tests run on it, and the official client runs on it. It shares no code with the
rest of hotfolder: what the client believes about the service is checked by somebody else.
"""

from hotfolder.sandbox.account import (
    ALWAYS_FAILS_ID,
    CLIENT_ID,
    FAST_ID,
    FOREIGN_ORGANIZATION_ID,
    ORGANIZATION_ID,
    ORGANIZATION_NAME,
    PACKSHOT_ID,
    REFRESH_TOKEN,
    START_CREDITS,
    THROUGH_QA_ID,
    Organization,
    Workflow,
)
from hotfolder.sandbox.calls import Call
from hotfolder.sandbox.executions import Execution
from hotfolder.sandbox.faults import ActiveFault, Fault, Faults
from hotfolder.sandbox.server import Sandbox
from hotfolder.sandbox.switches import Switches
from hotfolder.sandbox.world import World

__all__ = [
    "ALWAYS_FAILS_ID",
    "CLIENT_ID",
    "FAST_ID",
    "FOREIGN_ORGANIZATION_ID",
    "ORGANIZATION_ID",
    "ORGANIZATION_NAME",
    "PACKSHOT_ID",
    "REFRESH_TOKEN",
    "START_CREDITS",
    "THROUGH_QA_ID",
    "ActiveFault",
    "Call",
    "Execution",
    "Fault",
    "Faults",
    "Organization",
    "Sandbox",
    "Switches",
    "Workflow",
    "World",
]
