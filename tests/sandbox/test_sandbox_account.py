"""Organizations, balance, workflows, health, and the errors they share."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from hotfolder.sandbox import (
    ALWAYS_FAILS_ID,
    FAST_ID,
    FOREIGN_ORGANIZATION_ID,
    ORGANIZATION_ID,
    ORGANIZATION_NAME,
    PACKSHOT_ID,
    START_CREDITS,
    THROUGH_QA_ID,
    Organization,
    Workflow,
)
from hotfolder.sandbox.account import USER_ID
from tests.sandbox.caller import EXECUTION, Caller


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
def test_health_needs_no_sign_in_and_tells_the_time(caller: Caller, path: str) -> None:
    del caller.http.headers["Authorization"]
    answer = caller.http.get(path)
    assert answer.status_code == 200
    assert parsedate_to_datetime(answer.headers["Date"])


def test_only_own_organizations_are_listed(caller: Caller) -> None:
    page = caller.http.get("/v1/organization", params={"limit": 50, "offset": 0}).json()
    assert set(page) == {"entries", "total"}
    assert [(one["id"], one["name"]) for one in page["entries"]] == [(ORGANIZATION_ID, ORGANIZATION_NAME)]
    assert set(page["entries"][0]) == {"id", "name", "version", "members"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_organization_is_found_with_and_without_a_trailing_slash(caller: Caller, slash: str) -> None:
    answer = caller.http.get(f"/v1/organization/{ORGANIZATION_ID}{slash}")
    assert (answer.status_code, answer.json()["name"]) == (200, ORGANIZATION_NAME)


def test_a_foreign_organization_is_a_403_and_an_unknown_one_a_404(caller: Caller) -> None:
    assert caller.http.get(f"/v1/organization/{FOREIGN_ORGANIZATION_ID}").status_code == 403
    assert caller.http.get("/v1/organization/unknown").status_code == 404


def test_the_balance_is_a_bare_integer(caller: Caller) -> None:
    assert caller.get("/v1/organization/balance").content == str(START_CREDITS).encode()
    caller.sandbox.world.set_credits(3)
    caller.sandbox.world.add_credits(4)
    assert caller.get("/v1/organization/balance").text == "7"


def test_workflows_carry_their_price(caller: Caller) -> None:
    page = caller.get("/v1/workflow").json()
    assert {one["id"] for one in page["entries"]} == {PACKSHOT_ID, THROUGH_QA_ID, ALWAYS_FAILS_ID, FAST_ID}
    assert page["total"] == 4
    packshot = caller.get(f"/v1/workflow/{PACKSHOT_ID}").json()
    assert (packshot["name"], packshot["executionPrice"]) == ("Packshot", 10)
    assert {"version", "date", "author", "workflowComponents"} <= set(packshot)


def test_lists_are_paged(caller: Caller) -> None:
    names = [caller.get("/v1/workflow", limit=1, offset=at).json()["entries"][0]["name"] for at in range(4)]
    assert len(set(names)) == 4
    assert caller.get("/v1/workflow", limit=2, offset=3).json()["total"] == 4
    assert caller.get("/v1/workflow", limit="many").status_code == 400
    assert caller.get("/v1/workflow", limit=0).status_code == 400


def test_an_unknown_workflow_is_a_404(caller: Caller) -> None:
    answer = caller.get("/v1/workflow/unknown")
    assert answer.status_code == 404
    assert answer.json()["path"] == "/v1/workflow/unknown"
    assert answer.json()["message"]


@pytest.mark.parametrize("path", ["/v1/organization/balance", "/v1/workflow", EXECUTION, "/v1/image/a/b.png"])
def test_the_organization_parameter_is_needed_and_must_be_ones_own(caller: Caller, path: str) -> None:
    assert caller.http.get(path).status_code == 400
    assert caller.get(path, organization=FOREIGN_ORGANIZATION_ID).status_code == 403


def test_an_unknown_path_is_a_404_in_the_same_format(caller: Caller) -> None:
    assert set(caller.get("/v1/nothing").json()) == {"timestamp", "status", "error", "message", "path"}


def test_organizations_and_workflows_can_be_added_changed_and_taken_away(caller: Caller) -> None:
    world = caller.sandbox.world
    world.add_organization(Organization("second", "Second Studio", "v1", (USER_ID,)), balance=5)
    world.add_workflow(Workflow("second-workflow", "Second", "v1", price=2, organization="second"))
    world.change_workflow(FAST_ID, price=8)
    assert caller.get("/v1/organization/balance", organization="second").text == "5"
    assert caller.get("/v1/workflow/second-workflow").status_code == 403
    assert caller.get("/v1/workflow", organization="second").json()["total"] == 1
    assert caller.get(f"/v1/workflow/{FAST_ID}").json()["executionPrice"] == 8
    world.remove_workflow(FAST_ID)
    assert caller.get(f"/v1/workflow/{FAST_ID}").status_code == 404
