"""`hotfolder demo` and `hotfolder sandbox`: hotfolder at work without an account, on the service that lives inside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.output import counted, printable, say
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import ExitCode, HotfolderError

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home
    from hotfolder.cli.at_work import Journal
    from hotfolder.cli.live import Face
    from hotfolder.core.image import Image
    from hotfolder.sandbox import Sandbox
    from hotfolder.steward import Steward

NAME = "Packshots"
DONE_WITHIN_S = 60.0
BETWEEN_IMAGES_S = 0.15


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = 8383,
) -> None:
    """The simulated service alone, to try hotfolder or a script against. Ctrl-C ends it."""
    from hotfolder.sandbox import Sandbox

    try:
        Sandbox(port=port).serve_forever(_welcome)
    except OSError as error:
        raise HotfolderError(
            f"The sandbox cannot listen on port {port}: {plain_reason(error)}.",
            "Take another one with --port, or --port 0 for any that is free.",
        ) from error


def _welcome(banner: str) -> None:
    say(banner)
    say()
    say(
        "Set these three variables in another terminal, and hotfolder works on the sandbox: no account, no real credits."
    )
    say(
        "In config.yaml write for example  workflow: Packshot.  Ctrl-C ends the sandbox, and it forgets everything."
    )


def demo() -> None:
    """See hotfolder work: sample images, a simulated service, no account and no credits needed."""
    import asyncio
    import tempfile
    import time

    from hotfolder.adapters.home import find_home, sole_daemon
    from hotfolder.cli.at_work import log_kept
    from hotfolder.cli.live import choose_face
    from hotfolder.sandbox import Sandbox

    place = Path(tempfile.mkdtemp(prefix="hotfolder-demo-"))
    home = find_home(place)
    say("This is hotfolder at work: sample images on a simulated AutoRetouch, with play money.")
    say(f"In folder:   {place / 'in'}\nOut folder:  {place / 'out'}\n")
    begun = time.monotonic()
    with Sandbox() as service, sole_daemon(home), log_kept(home):
        _write_config(home, place, service.url)
        drop = asyncio.run(_work(home, place, choose_face("hotfolder demo")))
        _tell(place, home, service, time.monotonic() - begun)
    if not drop.is_done:
        say(f"\nThe demo ended before everything was through; the log tells more: {home.log_file}")
        raise typer.Exit(ExitCode.SOME_FAILED)


def _write_config(home: Home, place: Path, url: str) -> None:
    """Like a person's own, only more impatient. JSON strings are YAML as well."""
    from json import dumps

    (place / "in").mkdir()
    home.config.write_text(
        f"""\
folders:
  - name: {NAME}
    in: {dumps(str(place / "in"))}
    out: {dumps(str(place / "out"))}
    workflow: Packshot
    settle: 400ms
    rescan: 1s
service:
  api_url: {url}
  auth_url: {url}
  poll: 300ms
""",
        encoding="utf-8",
    )


async def _work(home: Home, place: Path, face: Face) -> Drop:
    """Run the daemon while the samples drop in."""
    from hotfolder.adapters.config_file import load_config
    from hotfolder.adapters.token_store import MemoryTokens
    from hotfolder.cli.at_work import Beside, Work
    from hotfolder.sandbox import REFRESH_TOKEN

    class _Company(Beside):
        async def run(self, steward: Steward, journal: Journal) -> None:
            await drop.until_done(steward, journal)

    drop = Drop(place)
    tokens, read_config = MemoryTokens(REFRESH_TOKEN), partial(load_config, home.config)
    await Work(read_config(), home, tokens, face, read_config).run(_Company())
    return drop


@dataclass(slots=True)
class Drop:
    """The person of the demo: saves one image after the other into the in folder, and waits for what becomes of them."""

    place: Path
    is_done: bool = False

    async def until_done(self, daemon: Steward, journal: Journal) -> None:
        import asyncio

        from hotfolder.sandbox.samples import RAW, write_samples

        samples = write_samples(self.place / "in")
        dropped = 0
        while (path := await asyncio.to_thread(next, samples, None)) is not None:
            dropped += path.name != Path(RAW).name
            await asyncio.sleep(BETWEEN_IMAGES_S)
        try:
            async with asyncio.timeout(DONE_WITHIN_S):
                await _settled(daemon, journal, dropped)
        except TimeoutError:
            return
        self.is_done = True


async def _settled(daemon: Steward, journal: Journal, dropped: int) -> None:
    """Every dropped image is delivered or failed, and the RAW was spoken of."""
    import asyncio

    while True:
        journal.changed.clear()
        images = await daemon.call_ledger(lambda ledger: ledger.images())
        notices = await daemon.call_ledger(lambda ledger: ledger.notices())
        if len(images) >= dropped and all(image.state.is_final for image in images) and notices:
            return
        try:
            async with asyncio.timeout(0.5):
                await journal.changed.wait()
        except TimeoutError:
            continue


def _tell(place: Path, home: Home, service: Sandbox, took_s: float) -> None:
    """In plain words: what happened, where to look, and what to do next."""
    from hotfolder.cli.listings import read_memory
    from hotfolder.core.image import State

    memory = read_memory(home)
    delivered = [image for image in memory.images if image.state is State.DELIVERED]
    others = [image for image in memory.images if image.state is not State.DELIVERED]
    say()
    say(
        f"In {took_s:.0f} seconds {counted(len(delivered), 'image')} went in and came out retouched, in"
        f" {counted(len(memory.batches), 'batch', 'batches')}: {', '.join(batch.name for batch in memory.batches)}."
    )
    say(
        f"AutoRetouch (simulated) made {counted(len(service.world.executions), 'execution')}, one for each image, and"
        f" took {counted(service.world.charged_total, 'credit')} of play money for it."
    )
    _tell_not_sent(others, memory.notices)
    say("\nWhere to look:")
    say(f"  originals, untouched   {place / 'in'}")
    say(f"  results                {place / 'out'}")
    say(f"  log                    {home.log_file}")
    say(f"  what hotfolder knows   hotfolder images --home {place}")
    say("\nWith your own account:")
    say("  hotfolder init   signs you in, and makes your first hot folder")


def _tell_not_sent(others: list[Image], notices: list[tuple[str, str]]) -> None:
    say("\nNot sent, and so not paid:")
    for image in others:
        say(f"  {printable(image.path)}: {image.reason} {image.advice}")
    for _, text in notices:
        say(f"  {printable(text)}")
