"""Targets: the organization and workflow of each hot folder, resolved from the config's ids or exact names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hotfolder.core.config import Config, FolderConfig
from hotfolder.errors import WorkflowUnavailable
from hotfolder.ports import Organization, Service, Target, Workflow

Entry = TypeVar("Entry", Organization, Workflow)


async def resolve_organization(service: Service, wanted: str | None) -> Organization:
    """The organization by id or exact name; without one, the account's only one."""
    return _organization(await service.organizations(), wanted)


def _organization(organizations: Sequence[Organization], wanted: str | None) -> Organization:
    if wanted is not None:
        return _pick(organizations, wanted, "organization", "organization")
    if len(organizations) == 1:
        return organizations[0]
    names = ", ".join(sorted(o.name for o in organizations)) or "none"
    raise WorkflowUnavailable(
        f"The account has {len(organizations)} organizations ({names}), and the config names none.",
        "Write the one to use into config.yaml: organization: <name or id>.",
    )


async def resolve_target(service: Service, config: Config, folder: FolderConfig) -> Target:
    """Where this hot folder's images go. Raises `WorkflowUnavailable` with what there is instead."""
    organizations = await service.organizations()
    organization = _organization(organizations, config.organization)
    workflow = _pick(
        await service.workflows(organization.id),
        folder.workflow,
        "workflow",
        f"folders: {folder.name}: workflow",
    )
    version = folder.workflow_version or None
    return Target(
        organization_id=organization.id,
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        version=version,
        price=workflow.price,
        current_version=version or workflow.version,
        reachable=frozenset(one.id for one in organizations),
    )


def _pick(entries: Iterable[Entry], wanted: str, what: str, key: str) -> Entry:
    entries = list(entries)
    by_id = [e for e in entries if e.id == wanted]
    found = by_id or [e for e in entries if e.name == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(e.id for e in found)
        raise WorkflowUnavailable(
            f"There are {len(found)} {what}s named {wanted!r}.", f"Write the id into config.yaml: {ids}."
        )
    names = ", ".join(sorted(e.name for e in entries)) or "none"
    raise WorkflowUnavailable(
        f"There is no {what} {wanted!r}; there is: {names}.", f"Mend {key} in config.yaml (id or exact name)."
    )
