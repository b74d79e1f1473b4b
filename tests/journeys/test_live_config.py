"""A config.yaml that is edited while the daemon runs: taken over without losing an image, or refused with its reasons."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotfolder.adapters.home import find_home
from hotfolder.control import client
from tests.journeys.studio import Studio, wait_until

FIRST, LATER = 12, 6


@pytest.fixture
def config(studio: Studio) -> Path:
    return studio.home / "config.yaml"


def log_of(studio: Studio) -> str:
    return (studio.home / "logs" / "hotfolder.log").read_text("utf-8")


def save(config: Path, text: str) -> None:
    """As a careful editor does it: the new file takes the old one's place."""
    beside = config.with_suffix(".new")
    beside.write_text(text, "utf-8")
    beside.replace(config)


def test_a_change_is_taken_over_and_no_running_image_is_lost(studio: Studio, config: Path) -> None:
    """Settings change at each of the first results, so there are images in every state at every change."""
    studio.sandbox.world.switches.execution_s = 0.5
    for index in range(FIRST):
        studio.drop(f"a/{index}.jpg", seed=index)
    daemon = studio.start()
    for changes in range(1, 4):
        wait_until(lambda n=changes: len(studio.result_paths()) >= n, 60, studio.tail)  # type: ignore[misc]
        studio.configure(priority=changes)
        wait_until(lambda n=changes: log_of(studio).count("is taken over") == n, 60, studio.tail)  # type: ignore[misc]
        for index in range(LATER):
            studio.drop(f"b{changes}/{index}.jpg", seed=100 * changes + index)
    studio.wait_for_results(FIRST + 3 * LATER)
    assert daemon.poll() is None, "it is still the same process"
    assert studio.stop() == 0
    studio.assert_once_and_whole()


def test_a_new_hot_folder_is_watched_and_one_that_was_taken_out_is_left_alone(
    studio: Studio, config: Path
) -> None:
    studio.drop("first.jpg", seed=1)
    studio.start()
    studio.wait_for_results(1)
    second = studio.root / "second"
    (second / "in").mkdir(parents=True)
    text = config.read_text("utf-8")
    save(config, text.replace(str(studio.inside), str(second / "in")).replace("name: Studio", "name: Second"))
    wait_until(lambda: [f["name"] for f in studio.status()["folders"]][:1] == ["Second"], 60, studio.tail)
    studio.drop("nobody looks here.jpg", seed=2)
    (second / "in" / "new.jpg").write_bytes((studio.inside / "first.jpg").read_bytes() + b"\0")
    studio.wait_for_results(2)
    assert [image["path"] for image in studio.images()] == ["first.jpg", "new.jpg"]


def test_a_hold_ends_with_the_hot_folder_that_leaves_the_config(studio: Studio, config: Path) -> None:
    """Monitoring reads `status`, and nobody could ever end that hold. The images wait."""
    studio.drop("waits.jpg", seed=1)
    studio.sandbox.faults.add("upload", "status", status=403)
    studio.start()
    wait_until(lambda: studio.status()["held"], 60, studio.tail)
    second = studio.root / "second"
    (second / "in").mkdir(parents=True)
    text = config.read_text("utf-8")
    save(config, text.replace(str(studio.inside), str(second / "in")).replace("name: Studio", "name: Second"))
    wait_until(lambda: not studio.status()["held"], 60, studio.tail)
    assert [image["path"] for image in studio.images()] == ["waits.jpg"]
    assert [(one["name"], one.get("in_config", True)) for one in studio.status()["folders"]] == [
        ("Second", True),
        ("Studio", False),
    ]


def test_a_broken_change_changes_nothing_and_is_told_until_it_is_mended(studio: Studio, config: Path) -> None:
    studio.drop("first.jpg", seed=1)
    studio.start()
    studio.wait_for_results(1)
    right = config.read_text("utf-8")
    save(config, right.replace("settle:", "setle:").replace("rescan: 1s", "rescan: soon"))
    wait_until(lambda: studio.status()["config_problem"], 60, studio.tail)
    status = studio.status()
    assert status["running"] is True
    assert "setle" in status["config_problem"]
    assert "rescan" in status["config_problem"], "every mistake at once"
    assert "not taken over" in studio.call("status").stdout
    assert log_of(studio).count("is not taken over; the old settings hold") == 1
    studio.drop("second.jpg", seed=2)
    studio.wait_for_results(2)
    save(config, right)
    wait_until(lambda: studio.status()["config_problem"] is None, 60, studio.tail)
    assert "config.yaml is right again" in log_of(studio)
    assert "is taken over" not in log_of(studio), "the settings are the old ones, so nothing had to change"


def test_a_config_that_vanishes_is_told_and_the_daemon_works_on(studio: Studio, config: Path) -> None:
    studio.start()
    wait_until(lambda: (studio.home / "control.json").exists(), 60, studio.tail)
    right = config.read_text("utf-8")
    config.unlink()
    wait_until(lambda: studio.status()["config_problem"], 60, studio.tail)
    studio.drop("first.jpg", seed=1)
    studio.wait_for_results(1)
    save(config, right)
    wait_until(lambda: studio.status()["config_problem"] is None, 60, studio.tail)


def test_a_budget_that_cannot_be_kept_is_refused_while_running_too(studio: Studio, config: Path) -> None:
    studio.start()
    wait_until(lambda: (studio.home / "control.json").exists(), 60, studio.tail)
    save(config, config.read_text("utf-8") + "budget: {per_day: 5}\n")
    wait_until(lambda: studio.status()["config_problem"], 60, studio.tail)
    assert "budget.per_day" in studio.status()["config_problem"]


def test_a_save_that_changes_no_setting_interrupts_nothing(studio: Studio, config: Path) -> None:
    studio.start()
    wait_until(lambda: (studio.home / "control.json").exists(), 60, studio.tail)
    save(config, "# a word of my own\n" + config.read_text("utf-8"))
    save_broken_after = config.read_text("utf-8") + "nonsense: 1\n"
    before = config.stat()
    os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    studio.drop("first.jpg", seed=1)
    studio.wait_for_results(1)
    save(config, save_broken_after)
    wait_until(lambda: studio.status()["config_problem"], 60, studio.tail)
    assert "is taken over" not in log_of(studio)


def test_whoever_asks_while_the_config_changes_is_answered(studio: Studio, config: Path) -> None:
    """A pause that falls between two daemons is not lost, and nobody is told that hotfolder is not running."""
    home = find_home(studio.home)
    studio.start()
    wait_until(lambda: (studio.home / "control.json").exists(), 60, studio.tail)
    asked = 0
    for changes in range(1, 4):
        studio.configure(priority=changes)
        while log_of(studio).count("is taken over") < changes:
            client.pause(home, None)
            client.settling(home)
            assert client.settings(home).folders == ["Studio"]
            client.resume(home, None)
            client.retry(home, [])
            asked += 1
            assert asked < 100_000, studio.tail()
    client.pause(home, "Studio")
    assert studio.status()["folders"][0]["state"] == "paused"
    assert "Traceback" not in log_of(studio)
