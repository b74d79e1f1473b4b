"""`hotfolder run`: the daemon in the foreground."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import config_of, home_of
from hotfolder.cli.output import counted, printable, say, warn
from hotfolder.errors import HotfolderError

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home
    from hotfolder.cli.at_work import Journal, Work
    from hotfolder.cli.stage import Stage
    from hotfolder.core.config import Config
    from hotfolder.core.holds import Hold
    from hotfolder.core.image import Image
    from hotfolder.daemon import Outcome

INTERRUPTED = 130
MOST_TOLD = 10
"""More failures than this are not told one by one."""


def run(
    context: typer.Context,
    no_tray: Annotated[bool, typer.Option("--no-tray", help="Do without the tray icon.")] = False,
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Work off what is there, then end: 0 all delivered, 1 some failed or held."
        ),
    ] = False,
    desktop: Annotated[
        bool,
        typer.Option(
            "--desktop", help="Started by a click or at login: ask in the browser for what is missing."
        ),
    ] = False,
) -> None:
    """Watch the hot folders: what goes in comes out retouched. Ctrl-C ends it; nothing gets lost."""
    home = home_of(context)
    if once:
        _once(home)
    elif desktop:
        _on_desktop(home, tray=not no_tray)
    else:
        _run(home, tray=not no_tray)


def _run(home: Home, *, tray: bool) -> None:
    from hotfolder.adapters.home import sole_daemon
    from hotfolder.adapters.sd_notify import Systemd
    from hotfolder.cli.at_work import log_kept
    from hotfolder.cli.stage import on_stage

    config = _told_config(home)

    async def play(stage: Stage) -> None:
        async with Systemd().watching():
            await _play(home, config, stage)

    with sole_daemon(home), log_kept(home):
        on_stage(play, tray=tray)
    say("hotfolder has ended. What was under way goes on at the next start.")


def _on_desktop(home: Home, *, tray: bool) -> None:
    """Nobody reads what is printed here: what goes wrong is a notification as well. A second click shows what runs."""
    import asyncio

    from hotfolder.adapters.clicks import first_click, leave_word
    from hotfolder.adapters.home import is_running, sole_daemon
    from hotfolder.adapters.sd_notify import Systemd
    from hotfolder.cli.at_work import log_kept
    from hotfolder.cli.first_start import config_when_right, tell
    from hotfolder.cli.second_click import tell_what_runs
    from hotfolder.cli.stage import on_stage
    from hotfolder.errors import AnotherDaemon

    async def play(stage: Stage) -> None:
        async with Systemd().watching():
            config = await config_when_right(home, partial(_config, home), stage)
            if config is not None:
                with sole_daemon(home):
                    await _play(home, config, stage)

    with first_click(home) as is_first:
        if is_running(home) or (not is_first and not leave_word(home)):
            asyncio.run(tell_what_runs(home, partial(_config, home)))
            say("hotfolder is running already.")
            return
        if not is_first:
            return
        with log_kept(home):
            try:
                on_stage(play, tray=tray)
            except AnotherDaemon:
                asyncio.run(tell_what_runs(home, partial(_config, home)))
            except HotfolderError as error:
                asyncio.run(tell(error))
                raise


async def _play(home: Home, config: Config, stage: Stage) -> None:
    from hotfolder.cli.foreground import Foreground

    work = _work(home, config)
    foreground = Foreground(home, work.tokens, stage.show, stage.answer_clicks)
    await work.run(foreground, signals=stage.signals)


def _once(home: Home) -> None:
    import asyncio

    from hotfolder.adapters.home import sole_daemon
    from hotfolder.cli.at_work import log_kept

    config = _told_config(home)
    with sole_daemon(home), log_kept(home):
        outcome, journal = asyncio.run(_work(home, config).run(once=True))
    _close(home, outcome, journal)


def _work(home: Home, config: Config) -> Work:
    from hotfolder.adapters.token_store import ChosenTokens
    from hotfolder.cli.at_work import Work
    from hotfolder.cli.live import choose_face

    return Work(config, home, ChosenTokens(home.data, os.environ), choose_face(), partial(_config, home))


def _told_config(home: Home) -> Config:
    """The config, with a word on what is not in force."""
    from hotfolder.cli.not_yet import not_yet_in_force

    config = _config(home)
    for sentence in not_yet_in_force(config):
        warn(f"Note: {sentence}")
    return config


def _config(home: Home) -> Config:
    """What config.yaml says now. Raises `ConfigError` where it cannot be kept."""
    from hotfolder.cli.not_yet import refuse_budget

    config = config_of(home)
    refuse_budget(config)
    return config


def _close(home: Home, outcome: Outcome, journal: Journal) -> None:
    """The closing sentence, and the exit code."""
    if journal.was_interrupted:
        say("Stopped before everything was done; it goes on at the next start.")
        raise typer.Exit(INTERRUPTED)
    for line in _closing_lines(home, journal):
        say(line)
    raise typer.Exit(outcome.exit_code)


def _closing_lines(home: Home, journal: Journal) -> list[str]:
    from hotfolder.cli.listings import read_memory
    from hotfolder.core.image import State

    memory = read_memory(home)
    failed = [image for image in memory.images if image.state is State.FAILED]
    waiting = [image for image in memory.images if not image.state.is_final]
    known = f" ({journal.repeated:,} of them known, for 0 credits)" if journal.repeated else ""
    parts = [f"{counted(journal.delivered, 'image')} delivered{known}"]
    parts += [f"{len(failed):,} failed"] if failed else []
    parts += [f"{len(waiting):,} held"] if waiting else []
    nothing_new = " There was nothing to do." if parts == ["0 images delivered"] and not memory.holds else ""
    return [
        f"Done: {', '.join(parts)}.{nothing_new}",
        *_told_failed(failed),
        *_told_held(waiting, memory.holds),
    ]


def _told_failed(failed: list[Image]) -> list[str]:
    lines = [
        f"Failed: {printable(image.folder)}: {printable(image.path)}: {image.reason} {image.advice}"
        for image in failed[:MOST_TOLD]
    ]
    if len(failed) > MOST_TOLD:
        more = len(failed) - MOST_TOLD
        lines.append(f"... and {more:,} more; `hotfolder images --state failed` lists them all.")
    return lines


def _told_held(waiting: list[Image], holds: list[Hold]) -> list[str]:
    """Each reason once, however many images it holds."""
    from hotfolder.core.holds import shown_state

    reasons = [(hold.scope, hold.reason, hold.advice) for hold in holds]
    told = {reason for _, reason, _ in reasons}
    for image in waiting:
        _, reason, advice = shown_state(image, holds)
        if reason and reason not in told:
            told.add(reason)
            reasons.append((image.folder, reason, advice))
    return [f"Held{f' ({scope})' if scope else ''}: {reason} {advice}" for scope, reason, advice in reasons]
