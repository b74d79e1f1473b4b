"""Bugs of our own, one in every stage and adapter: one image at most is put aside, the rest goes on (keeps I7)."""

from __future__ import annotations

import asyncio
import functools
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.in_folders import InFolders
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.observer import FolderObserver
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.adapters.spool import SpoolParcel
from hotfolder.adapters.watcher import Watcher
from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.core.trouble import BUG_ADVICE, BUGS_BEFORE_GIVING_UP
from hotfolder.daemon import Daemon
from hotfolder.pipeline import checks, enqueue, examine, intake, lanes, sending
from hotfolder.pipeline.checks import Checker
from hotfolder.pipeline.enqueue import Enqueuer
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.intake import Intake
from hotfolder.pipeline.lanes import Lanes
from hotfolder.pipeline.purse import CreditPurse
from hotfolder.sandbox import Sandbox
from tests.journeys.workshop import Clock, Workshop

SPEED = 20.0
"""The waits after a bug are seconds long; nobody sits through them."""


class InjectedBug(Exception):
    """What a programmer did not think of."""


class Bug:
    """Breaks one function: its n-th calls raise, before or after they have done their work."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        owner: Any,
        name: str,
        *,
        times: int | None = 1,
        after: bool = False,
        concerns: Callable[..., bool] = lambda *_: True,
    ) -> None:
        self.struck = 0
        self._times = times
        self._concerns = concerns
        work = getattr(owner, name)

        @functools.wraps(work)
        async def later(*arguments: Any, **more: Any) -> Any:
            if not after:
                self._strike(arguments)
            answer = await work(*arguments, **more)
            if after:
                self._strike(arguments)
            return answer

        @functools.wraps(work)
        def at_once(*arguments: Any, **more: Any) -> Any:
            if not after:
                self._strike(arguments)
            answer = work(*arguments, **more)
            if after:
                self._strike(arguments)
            return answer

        monkeypatch.setattr(owner, name, later if asyncio.iscoroutinefunction(work) else at_once)

    def _strike(self, arguments: tuple[Any, ...]) -> None:
        if self._concerns(*arguments) and (self._times is None or self.struck < self._times):
            self.struck += 1
            raise InjectedBug("nobody thought of this")


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Where the injected bug stands in the log, with its traceback."""
    told = ["".join(traceback.format_exception(r.exc_info[1])) for r in caplog.records if r.exc_info]
    return [text for text in told if "InjectedBug" in text]


@pytest.fixture
def workshop(workshop: Workshop, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> Workshop:
    workshop.clock = Clock(SPEED)
    workshop.folders[0] |= {"rescan": "2s"}
    caplog.set_level(logging.INFO)
    sandbox.world.script("2.jpg", "FAILED", "COMPLETED")
    for number in range(3):
        workshop.drop(f"{number}.jpg", seed=number)
    return workshop


WORK = [
    (sending, "upload_image"),
    (sending, "request_execution"),
    (sending, "ask_about_execution"),
    (sending, "deliver_result"),
    (AutoRetouch, "organizations"),
    (AutoRetouch, "workflows"),
    (AutoRetouch, "balance"),
    (AutoRetouch, "has_image"),
    (AutoRetouch, "upload"),
    (AutoRetouch, "create"),
    (AutoRetouch, "execution"),
    (AutoRetouch, "retry"),
    (AutoRetouch, "download"),
    (InFolders, "open_exact"),
    (InFolders, "is_unchanged"),
    (OutFolders, "is_in_place"),
    (OutFolders, "claim"),
    (OutFolders, "place"),
    (OutFolders, "check"),
    (SpoolParcel, "write"),
    (CreditPurse, "reserve"),
    (Ledger, "add"),
    (Ledger, "save"),
    (Ledger, "due"),
    (Ledger, "next_wake"),
    (intake, "known_files"),
    (Ledger, "with_content"),
    (Ledger, "claim_result"),
    (intake, "scan_folder"),
    (examine, "check_image"),
    (intake, "is_settled"),
    (enqueue, "join_or_open"),
    (Enqueuer, "say_passed_over"),
    (Intake, "_believe"),
    (lanes, "share"),
    (Lanes, "_open_states"),
    (Checker, "_resolve_missing"),
    (checks, "resolve_target"),
    (Gates, "due"),
    (Daemon, "_after_change"),
    (Daemon, "_after_new"),
    (Watcher, "take"),
    (Watcher, "check"),
    (Watcher, "self_test"),
    (FolderObserver, "is_alive"),
]


@pytest.mark.parametrize(
    ("owner", "name"), WORK, ids=[f"{getattr(owner, '__name__', owner)}.{name}" for owner, name in WORK]
)
async def test_a_bug_that_strikes_once_is_logged_once_and_costs_nothing(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: Any,
    name: str,
) -> None:
    bug = Bug(monkeypatch, owner, name)
    monkeypatch.setattr("hotfolder.daemon.SUPERVISE_S", 0.1)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: bug.struck and tracebacks(caplog))
        await workshop.until(
            lambda: len(workshop.images()) == 3 and all(i.state.is_final for i in workshop.images())
        )
        if failed := [image.id for image in workshop.images() if image.state is State.FAILED]:
            await daemon.retry(failed)  # a file that could not be checked is the person's to see
        await workshop.until_delivered(3)
    assert bug.struck == len(tracebacks(caplog)) == 1
    workshop.assert_once_and_whole()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (AutoRetouch, "upload"),
        (AutoRetouch, "create"),
        (AutoRetouch, "retry"),
        (AutoRetouch, "download"),
        (OutFolders, "claim"),
        (OutFolders, "place"),
        (Ledger, "add"),
        (Ledger, "save"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
async def test_a_bug_after_the_effect_neither_repeats_it_nor_loses_it(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: Any,
    name: str,
) -> None:
    bug = Bug(monkeypatch, owner, name, after=True, times=2)
    async with workshop.at_work():
        await workshop.until_delivered(3)
    assert bug.struck >= 1
    assert len(tracebacks(caplog)) == bug.struck
    assert workshop.execution_of("2.jpg").attempts == 2
    workshop.assert_once_and_whole()


def of_image_0(*arguments: Any) -> bool:
    return any("0.jpg" in repr(getattr(argument, "image", argument)) for argument in arguments)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (sending, "upload_image"),
        (sending, "request_execution"),
        (sending, "ask_about_execution"),
        (sending, "deliver_result"),
        (InFolders, "open_exact"),
        (OutFolders, "place"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
async def test_an_image_that_meets_a_bug_every_time_is_put_aside_and_the_others_go_on(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: Any,
    name: str,
) -> None:
    with monkeypatch.context() as broken:
        bug = Bug(broken, owner, name, times=None, concerns=of_image_0)
        async with workshop.at_work() as daemon:
            await workshop.until_delivered(2)
            await workshop.until(lambda: workshop.count(State.FAILED) == 1)
            failed = workshop.image("0.jpg")
            assert failed.reason == "An unexpected problem in hotfolder (InjectedBug)."
            assert failed.advice == BUG_ADVICE
            assert bug.struck == len(tracebacks(caplog)) == BUGS_BEFORE_GIVING_UP
            broken.undo()  # mended
            await daemon.retry([failed.id])
            await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


async def test_an_intent_that_meets_a_bug_at_every_look_up_is_never_given_up_and_never_created_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving it up would lose the way back to what may be paid (I2)."""
    workshop.sandbox.faults.add("create", "drop", when="after", times=1, name="0.jpg")
    with monkeypatch.context() as broken:
        bug = Bug(broken, sending, "look_up_executions", times=None)
        async with workshop.at_work() as daemon:
            await workshop.until_delivered(2)
            await workshop.until(lambda: bug.struck > BUGS_BEFORE_GIVING_UP)
            assert workshop.image("0.jpg").state is State.REQUESTED
            broken.undo()
            workshop.clock.turn(600)
            daemon.wake_lanes()
            await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


async def test_two_files_that_cannot_be_entered_into_the_ledger_stop_no_other(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3, 13):
        workshop.drop(f"{number}.jpg", seed=number)

    def concerns(*arguments: Any) -> bool:
        return arguments[1].path in ("0.jpg", "1.jpg")

    with monkeypatch.context() as broken:
        Bug(broken, Enqueuer, "enqueue", times=None, concerns=concerns)
        async with workshop.at_work():
            await workshop.until_delivered(11)
            broken.undo()
            await workshop.until_delivered(13)
    workshop.assert_once_and_whole()


async def test_a_bug_in_finding_out_the_workflow_holds_the_hot_folder_and_fills_no_log(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        bug = Bug(broken, checks, "resolve_target", times=None)
        async with workshop.at_work() as daemon:
            hold = await workshop.until_held(HoldKind.WORKFLOW)
            assert hold.advice == BUG_ADVICE
            await workshop.until(lambda: workshop.count(State.QUEUED) == 3)
            await workshop.until(lambda: bug.struck >= 2)  # asked again, after half a minute
            assert len(tracebacks(caplog)) == bug.struck
            broken.undo()
            await daemon.retry([])
            await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


async def test_a_lane_that_fails_all_the_time_stops_no_other_lane(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def concerns(*arguments: Any) -> bool:
        return bool(arguments[1].name == "look up")

    bug = Bug(monkeypatch, Lanes, "_open_states", times=None, concerns=concerns)
    async with workshop.at_work():
        await workshop.until_delivered(3)
    assert bug.struck >= 1
    workshop.assert_once_and_whole()


async def test_a_face_that_cannot_take_what_it_is_told_costs_no_image_anything(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise InjectedBug("a tray without a desktop")

    daemon = workshop.daemon()
    daemon._lanes.listeners.append(fail)
    outcome = await daemon.run(asyncio.Event(), once=True)
    assert outcome.delivered == 3
    assert tracebacks(caplog)
    workshop.assert_once_and_whole()
