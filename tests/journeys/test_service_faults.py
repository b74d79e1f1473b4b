"""Faults of the service: everything waits, and goes on by itself (design §6)."""

from __future__ import annotations

import asyncio
import logging
import ssl
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.errors import ExitCode
from hotfolder.sandbox import Sandbox
from tests.journeys.workshop import PATIENCE, Clock, Workshop, in_thread

SPEED = 30.0
"""A minute of the daemon's clock takes two seconds of the test's."""


@pytest.fixture
def quick(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    """A workshop whose clock runs fast."""
    sandbox.world.switches.execution_s = 0.02
    workshop = Workshop(tmp_path / "quick", sandbox, Clock(SPEED))
    workshop.service["listing_lag"] = "20s"
    return workshop


async def test_two_in_a_hundred_calls_answering_503_delay_a_hundred_images_and_cost_nothing(
    tmp_path: Path,
) -> None:
    with Sandbox(seed=20261124) as sandbox:
        sandbox.world.switches.execution_s = 0.02
        workshop = Workshop(tmp_path, sandbox, Clock(SPEED))
        workshop.service["listing_lag"] = "20s"
        workshop.drop_many(100)
        failing = sandbox.faults.add("any", "status", status=503, probability=0.02)
        assert (await workshop.once()).exit_code is ExitCode.DONE
        assert failing.hits > 3
        workshop.assert_once_and_whole()


async def test_calls_that_fail_after_their_effect_cost_nothing_either(quick: Workshop) -> None:
    quick.drop_many(40)
    quick.sandbox.faults.add("any", "status", status=502, when="after", probability=0.05)
    assert (await quick.once()).exit_code is ExitCode.DONE
    quick.assert_once_and_whole()


@pytest.mark.parametrize("as_date", [False, True], ids=["in seconds", "as a date"])
async def test_a_burst_of_429_keeps_everything_quiet_for_as_long_as_the_service_asks(
    quick: Workshop, as_date: bool
) -> None:
    """One 429 is enough: nobody calls again before `Retry-After` has passed."""
    world = quick.sandbox.world
    world.clock = quick.clock.now
    quick.drop_many(12)
    busy = quick.sandbox.faults.add("any", "status", status=429, retry_after=30, retry_after_as_date=as_date)
    async with quick.at_work():
        await quick.until_held(HoldKind.SERVICE)
        await quick.until(lambda: world.count_calls(status=429) >= 3)
        busy.release()
        await quick.until_delivered(12)
    refused = sorted(call.at for call in world.calls_to("any", status=429))
    waits = [later - earlier for earlier, later in pairwise(refused) if later - earlier > 5.0]
    assert len(waits) >= 2
    assert min(waits) >= 28.0, "a date counts in whole seconds"
    assert len(refused) < 12
    quick.assert_once_and_whole()


async def test_a_retry_after_of_a_day_is_honoured_also_after_a_restart_and_said(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    world = workshop.sandbox.world
    workshop.drop("a.jpg")
    workshop.sandbox.faults.add("upload", "status", status=429, retry_after=24 * 3600, times=1)
    async with workshop.at_work():
        hold = await workshop.until_held(HoldKind.SERVICE)
    assert hold.until is not None
    assert hold.until - workshop.clock.now() > 23 * 3600
    assert " until " in caplog.text
    calls = len(world.calls)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon.holds)
        for _ in range(3):
            await workshop.turn_clock(daemon, 2 * 3600)
        assert [hold.kind for hold in daemon.holds] == [HoldKind.SERVICE]
        assert (len(world.calls), workshop.holds()[0].until) == (calls, hold.until)
        await workshop.turn_clock(daemon, 18 * 3600 + 60)
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("outage", ["unavailable", "reset"])
async def test_during_an_outage_only_one_probe_goes_out_at_a_growing_interval(
    workshop: Workshop, outage: str
) -> None:
    """Not one call for each image; and when the service is back, everything goes on."""
    world = workshop.sandbox.world
    world.switches.outage = outage  # type: ignore[assignment]
    workshop.drop_many(10)
    waits = []
    async with workshop.at_work() as daemon:
        await workshop.until_held(HoldKind.SERVICE)
        await workshop.until(lambda: workshop.count(State.QUEUED) == 10)
        for _ in range(8):
            calls, now = len(world.calls), workshop.clock.now()
            (hold,) = workshop.holds()
            waits.append(hold.wake_at - now)
            await workshop.turn_clock(daemon, hold.wake_at - now)
            await workshop.until(lambda now=now: workshop.holds()[0].wake_at > workshop.clock.now() > now)  # type: ignore[misc]
            assert len(world.calls) == calls + 1
        world.switches.outage = ""
        await workshop.turn_clock(daemon, 60.0)
        await workshop.until_delivered(10)
    assert all(later > 1.5 * earlier for earlier, later in pairwise(waits[:6]))
    assert 40.0 < waits[-1] <= 60.0, "and never more than a minute"
    assert workshop.holds() == []
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("seconds", [10.0, 60.0])
async def test_a_server_that_refuses_connections_in_the_middle_is_waited_for(
    quick: Workshop, seconds: float
) -> None:
    quick.drop_many(10)
    async with quick.at_work():
        await quick.until_delivered(3)
        await in_thread(quick.sandbox.stop)
        quick.drop("late.jpg", seed=99)
        hold = await quick.until_held(HoldKind.SERVICE)
        assert not hold.needs_person
        since = quick.clock.passed_s()
        await quick.until(lambda: quick.clock.passed_s() - since > seconds)
        await in_thread(quick.sandbox.start)
        await quick.until_delivered(11)
    assert quick.holds() == []
    quick.assert_once_and_whole()


async def test_a_server_that_is_down_at_the_start_is_waited_for(quick: Workshop) -> None:
    quick.drop_many(4)
    await in_thread(quick.sandbox.stop)
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.SERVICE)
        assert "cannot be reached" in hold.reason
        assert "(it takes no connections)" in hold.reason
        await quick.until(lambda: quick.count(State.QUEUED) == 4)
        await in_thread(quick.sandbox.start)
        await quick.until_delivered(4)
    quick.assert_once_and_whole()


async def test_a_name_that_cannot_be_resolved_is_waited_for_with_a_clear_sentence(quick: Workshop) -> None:
    """And when the name is known again, here by another config, everything goes on."""
    right = quick.service["api_url"]
    quick.service["api_url"] = quick.service["auth_url"] = "https://autoretouch.invalid"
    quick.drop_many(3)
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.SERVICE)
        assert "no connection to autoretouch.invalid (its name is not found" in hold.reason
        assert "goes on by itself" in hold.advice
        await quick.until(lambda: quick.count(State.QUEUED) == 3)
    quick.service["api_url"] = quick.service["auth_url"] = right
    assert (await quick.once()).exit_code is ExitCode.DONE
    quick.assert_once_and_whole()


class Front:
    """What stands before the service at a port of its own, with or without TLS, and hands everything on."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.port = 0
        self._sandbox = sandbox
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def stand(self, context: ssl.SSLContext | None) -> None:
        await self.leave()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def leave(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._connections:
                writer.transport.abort()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._sandbox.host, self._sandbox.port)
        self._connections |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._connections -= {writer, back}

    @staticmethod
    async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(65536):
                target.write(piece)
                await target.drain()
        except (ConnectionError, ssl.SSLError):
            return  # whoever broke it off has its reason
        finally:
            target.close()


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A certificate that nobody but its own file vouches for."""
    key, cert = folder / f"{name}.key", folder / f"{name}.crt"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {cert}"
    )
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


@pytest.mark.skipif(
    "sys.platform != 'linux'", reason="elsewhere the system's own store is asked for certificates"
)
async def test_a_tls_failure_is_waited_for_with_a_clear_sentence_and_heals(
    quick: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First no TLS at all (a hotel's network), then a certificate of a stranger, then the right one."""
    stranger, _ = await asyncio.to_thread(certificate, tmp_path, "stranger")
    right, vouched = await asyncio.to_thread(certificate, tmp_path, "right")
    monkeypatch.setenv("SSL_CERT_FILE", str(vouched))
    quick.drop_many(3)
    front = Front(quick.sandbox)
    await front.stand(None)
    quick.service["api_url"] = quick.service["auth_url"] = f"https://127.0.0.1:{front.port}"
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.SERVICE)
        assert "SSL" in hold.reason
        await front.stand(stranger)
        await quick.until(lambda: "certificate" in quick.holds(HoldKind.SERVICE)[0].reason)
        await front.stand(right)
        await quick.until_delivered(3)
    await front.leave()
    assert quick.holds() == []
    quick.assert_once_and_whole()


async def test_slow_answers_are_waited_for_and_nothing_is_repeated(workshop: Workshop) -> None:
    workshop.timeouts = PATIENCE
    workshop.drop_many(6)
    workshop.sandbox.faults.add("any", "delay", seconds=0.1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.sandbox.world.count_calls("upload") == 6
    assert workshop.sandbox.world.count_calls("create") == 6
    workshop.assert_once_and_whole()


@pytest.mark.parametrize(
    "endpoint", ["token", "organizations", "workflows", "balance", "head", "upload", "details"]
)
async def test_a_connection_that_hangs_is_given_up_and_the_call_is_made_again(
    workshop: Workshop, endpoint: str
) -> None:
    workshop.timeouts = PATIENCE
    workshop.drop_many(3)
    hanging = workshop.sandbox.faults.add(endpoint, "hang", times=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert hanging.hits == 1
    workshop.assert_once_and_whole()


async def test_a_download_that_hangs_is_given_up_and_made_again(workshop: Workshop) -> None:
    workshop.timeouts = PATIENCE
    workshop.drop_many(3)
    workshop.sandbox.faults.add("download", "hang", times=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.assert_once_and_whole()


# --- what executions say ------------------------------------------------------------------------------


async def test_quality_assurance_of_six_hours_is_asked_about_rarely_and_has_no_end_of_patience(
    workshop: Workshop,
) -> None:
    world = workshop.sandbox.world
    world.script("a.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    workshop.service["poll"] = "2s"
    workshop.drop("a.jpg")
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
        asked = world.count_calls("details")
        for _ in range(6 * 6):
            await workshop.turn_clock(daemon, 600.0)
            await workshop.until(lambda: workshop.image("a.jpg").wake_at > workshop.clock.now())
        times = world.count_calls("details") - asked
        assert 20 < times <= 40, "every ten minutes"
        assert workshop.image("a.jpg").state is State.IN_QA
        world.release()
        await workshop.turn_clock(daemon, 600.0)
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_an_unknown_status_is_waited_for_and_logged_once(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="hotfolder")
    workshop.sandbox.world.script("*", ("CREATED", ("REVIEWING", 0.5), "COMPLETED"))
    workshop.drop_many(4)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    said = [record for record in caplog.records if "REVIEWING" in record.getMessage()]
    assert len(said) == 1
    workshop.assert_once_and_whole()


async def test_an_image_that_fails_first_is_retried_once_and_fine(workshop: Workshop) -> None:
    workshop.sandbox.world.script("*", "FAILED", "COMPLETED")
    workshop.drop_many(4)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert [e.attempts for e in workshop.sandbox.world.executions] == [2] * 4
    workshop.assert_once_and_whole()


async def test_an_image_that_fails_for_ever_is_put_aside_and_a_persons_retry_goes_through_its_execution(
    workshop: Workshop,
) -> None:
    world = workshop.sandbox.world
    world.script("bad.jpg", "FAILED", "FAILED", "COMPLETED")
    workshop.drop("bad.jpg")
    workshop.drop("good.jpg", seed=1)
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.failed, outcome.exit_code) == (1, 1, ExitCode.SOME_FAILED)
    bad = workshop.image("bad.jpg")
    assert "could not process" in bad.reason
    assert bad.advice
    assert workshop.execution_of("bad.jpg").attempts == 2
    async with workshop.at_work() as daemon:
        assert await daemon.retry([bad.id]) == 1
        await workshop.until_delivered(2)
    assert workshop.execution_of("bad.jpg").attempts == 3
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("status", [403, 404])
async def test_a_workflow_that_is_refused_at_create_holds_its_hot_folder_and_no_other(
    workshop: Workshop, status: int
) -> None:
    workshop.folders.clear()
    workshop.add_folder("Studio", workshop.inside / "a", workshop.outside / "a")
    workshop.add_folder("Other", workshop.inside / "b", workshop.outside / "b", workflow="Packshot")
    workshop.drop("a/a.jpg")
    workshop.drop("b/b.jpg", seed=1)
    fault = workshop.sandbox.faults.add("create", "status", status=status, name="a.jpg")
    async with workshop.at_work() as daemon:
        hold = await workshop.until_held(HoldKind.WORKFLOW)
        assert hold.scope == "Studio"
        await workshop.until_delivered(1)
        assert workshop.image("b.jpg").state is State.DELIVERED
        assert fault.hits <= 2, "it is not sent again while it is held"
        fault.release()
        await workshop.turn_clock(daemon, 120.0)
        await workshop.until_delivered(2)


async def test_a_workflow_that_is_not_there_holds_its_hot_folder_and_no_other(workshop: Workshop) -> None:
    workshop.folders.clear()
    workshop.add_folder("Studio", workshop.inside / "a", workshop.outside / "a", workflow="Gone")
    workshop.add_folder("Other", workshop.inside / "b", workshop.outside / "b")
    workshop.drop("a/a.jpg")
    workshop.drop("b/b.jpg", seed=1)
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (1, ExitCode.SOME_FAILED)
    (hold,) = workshop.holds()
    assert (hold.scope, hold.kind) == ("Studio", HoldKind.WORKFLOW)
    assert "There is no workflow 'Gone'" in hold.reason
    assert workshop.image("a.jpg").state is State.QUEUED


async def test_a_paid_execution_that_may_not_be_looked_at_is_asked_about_ever_less_often(
    workshop: Workshop,
) -> None:
    """403 for `details` holds what would be bought; what is paid is not asked about in a busy loop."""
    workshop.drop("a.jpg")
    refused = workshop.sandbox.faults.add("details", "status", status=403)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: refused.hits >= 2)
        assert workshop.holds(HoldKind.WORKFLOW)
        image = workshop.image("a.jpg")
        assert (image.state, image.attempts >= 1) == (State.PROCESSING, True)
        assert refused.hits < 5
        refused.release()
        await workshop.turn_clock(daemon, 120.0)
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_once_ends_though_the_workflow_of_a_paid_image_is_gone_at_the_start(workshop: Workshop) -> None:
    """Nobody knows whom to ask until the config is mended; then it is asked about and delivered, not paid again."""
    workshop.sandbox.world.script("a.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
    workshop.folders[0]["workflow"] = "Gone"
    assert (await workshop.once()).exit_code is ExitCode.SOME_FAILED
    workshop.folders[0]["workflow"] = "Fast"
    workshop.sandbox.world.release()
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: not workshop.holds())
        await daemon.retry(None)
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()
