"""What the sandbox's one account holds from the start: ids, tokens, workflows and their prices.

Every id is fixed, so that a config, a test and a README can name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CLIENT_ID = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J"
"""The static, public client id, the same for everyone [D G C]."""

AUDIENCE = "https://api.autoretouch.com"
SCOPE = "offline_access"

REFRESH_TOKEN = "sandbox-refresh-token"
USER_ID = "auth0|sandbox-photographer"
START_CREDITS = 100_000

ORGANIZATION_ID = "9451ecbf-79db-4013-98b1-2c300748b170"
ORGANIZATION_NAME = "Sandbox Studio"
FOREIGN_ORGANIZATION_ID = "0d5b1f0c-1c43-4b0f-9a43-6a4c4c1d9a11"
"""Exists, but belongs to somebody else: asking for it is a 403."""

PACKSHOT_ID = "6afcab7d-da51-4dd1-847a-3c1ccd39cd68"
THROUGH_QA_ID = "b8a4a0a5-6c39-4f0b-8f6e-2f3d0a1d5c02"
ALWAYS_FAILS_ID = "f1d2c7e0-9b1e-4a59-8a55-7d8c3b6e4f03"
FAST_ID = "c5e0b6f4-2d77-4b6a-a1a9-5e9f8d7c6b04"

CATALOG_DATE = "2024-02-08T09:09:01.960Z"


@dataclass(frozen=True)
class Organization:
    """An organization of the account [D]."""

    id: str
    name: str
    version: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Workflow:
    """A workflow, and how the sandbox plays it.

    `seconds` is how long an execution takes from its creation to its end, quality check not counted.
    """

    id: str
    name: str
    version: str
    price: int
    organization: str = ORGANIZATION_ID
    recipe: Literal["packshot", "fast"] = "packshot"
    seconds: float = 1.0
    through_qa: bool = False
    fails: bool = False


def default_organizations() -> list[Organization]:
    """The account's organizations, and one that belongs to somebody else."""
    return [
        Organization(ORGANIZATION_ID, ORGANIZATION_NAME, "1f0e8c52-8a4e-4f3a-9f60-77b9a3a2e101", (USER_ID,)),
        Organization(FOREIGN_ORGANIZATION_ID, "Other Studio", "1f0e8c52-8a4e-4f3a-9f60-77b9a3a2e102", ()),
    ]


def default_workflows() -> list[Workflow]:
    """Four workflows: the pretty one, the patient one, the hopeless one and the quick one."""
    return [
        Workflow(PACKSHOT_ID, "Packshot", "2b7f0a10-0000-4000-8000-000000000001", price=10),
        Workflow(
            THROUGH_QA_ID, "Through QA", "2b7f0a10-0000-4000-8000-000000000002", price=57, through_qa=True
        ),
        Workflow(
            ALWAYS_FAILS_ID, "Always fails", "2b7f0a10-0000-4000-8000-000000000003", price=5, fails=True
        ),
        Workflow(
            FAST_ID, "Fast", "2b7f0a10-0000-4000-8000-000000000004", price=1, recipe="fast", seconds=0.05
        ),
    ]
