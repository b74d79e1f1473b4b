"""`hotfolder init`: the first run at a real terminal, and by options alone."""

from __future__ import annotations

import sys
import urllib.parse
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from hotfolder.adapters.config_file import load_config
from hotfolder.core.config import Config, Existing
from hotfolder.sandbox import ORGANIZATION_ID, REFRESH_TOKEN, Sandbox
from hotfolder.sandbox.account import FAST_ID, PACKSHOT_ID, USER_ID, Organization
from tests.cli.person import Person, wait_until

if sys.platform == "win32":
    pytest.skip("a terminal of one's own needs a POSIX system", allow_module_level=True)

from tests.cli.typist import CTRL_C, CTRL_D, Typist, at_a_terminal

OTHER_ORGANIZATION = "0d5b1f0c-1c43-4b0f-9a43-6a4c4c1d9a12"


@pytest.fixture
def newcomer(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Not signed in, no config, no keyring; their browser only writes down what it was to open."""
    monkeypatch.setenv("HOME", str(tmp_path))
    somebody = Person(tmp_path, sandbox)
    browser = tmp_path / "browser.sh"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> "{tmp_path}/opened.txt"\n')
    browser.chmod(0o755)
    somebody.inbox.rmdir()
    somebody.variables |= {
        "AUTORETOUCH_REFRESH_TOKEN": "",
        "XDG_PICTURES_DIR": str(tmp_path / "Pictures"),
        "BROWSER": f"{browser} %s",
    }
    return somebody


@pytest.fixture
def signed_in(newcomer: Person) -> Person:
    newcomer.variables["AUTORETOUCH_REFRESH_TOKEN"] = REFRESH_TOKEN
    return newcomer


def config(person: Person) -> Config:
    return load_config(person.home / "config.yaml", person.home)


def has_no_config(person: Person) -> bool:
    return not any(person.home.glob("*config*")) and not any(person.home.glob(".*"))


def terminal(person: Person, *options: str) -> AbstractContextManager[Typist]:
    return at_a_terminal("init", *options, environment=person.environment(), cwd=person.place)


def ends_without_starting(typist: Typist) -> None:
    typist.answers("Check now", "n")
    if "by itself whenever you log in" in typist.sees("?"):
        typist.types("n")
        typist.sees("?")
    typist.types("n")
    assert typist.ends() == 0
    assert "The config is written." in typist.screen


def answer_code(sandbox: Sandbox, answer: str) -> None:
    """What the person clicks on AutoRetouch's page."""
    wait_until(lambda: sandbox.world.sign_in.devices)
    (device,) = (one for one in sandbox.world.sign_in.devices.values() if one.answer == "pending")
    form = urllib.parse.urlencode({"user_code": device.user_code, "answer": answer}).encode()
    with urllib.request.urlopen(f"{sandbox.url}/device", form, timeout=10):
        return


# --- at a terminal --------------------------------------------------------------------------------


def test_the_whole_way_from_nothing_to_a_checked_config(newcomer: Person, sandbox: Sandbox) -> None:
    sandbox.world.switches.device_interval_s = 1
    with terminal(newcomer) as typist:
        typist.answers("How?")
        typist.sees("Confirm there only if it is this one")
        wait_until(lambda: sandbox.world.sign_in.devices)
        (device,) = sandbox.world.sign_in.devices.values()
        typist.sees(device.user_code)
        typist.sees("Waiting for you")
        opened = newcomer.place / "opened.txt"
        wait_until(opened.exists)
        assert device.user_code in opened.read_text()
        answer_code(sandbox, "confirm")
        typist.sees("no keyring")
        typist.answers("in a file that only you can read?", "y")
        typist.sees("You are signed in")
        typist.sees("Packshot, 10 credits an image")
        typist.sees("You have 100,000 credits.")
        typist.answers("Which workflow?", "Packshot")
        typist.answers("in folder", "")
        typist.answers("out folder", "")
        typist.answers("What do you call", "Boots")
        typist.answers("Write this into the config?", "")
        typist.sees("Check now whether all is well? [Y/n]: ")
        typist.types("y")
        typist.sees("✓ sign-in")
        typist.sees("✓ Boots, in")
        typist.sees("All is well.")
        shown = typist.sees("?")
        if "log in" in shown:
            typist.types("n")
        typist.answers("Start hotfolder now", "n")
        assert typist.ends() == 0
    place = newcomer.place / "Pictures" / "hotfolder" / "Packshot"
    assert (place / "in").is_dir()
    assert (place / "out").is_dir()
    (folder,) = config(newcomer).folders
    assert (folder.name, folder.workflow, folder.existing) == ("Boots", PACKSHOT_ID, Existing.PROCESS)
    assert (folder.in_folder, folder.out_folder) == (place / "in", place / "out")
    text = (newcomer.home / "config.yaml").read_text("utf-8")
    kept = (newcomer.home / "refresh-token").read_text().strip()
    assert kept in sandbox.world.sign_in.refresh_tokens
    assert kept not in text + typist.screen


def test_a_refused_code_is_explained_and_a_token_can_be_pasted_instead(
    newcomer: Person, sandbox: Sandbox
) -> None:
    sandbox.world.switches.device_interval_s = 1
    with terminal(newcomer) as typist:
        typist.answers("How?", "7")
        typist.sees("Please write 1 or 2.")
        typist.answers("How?", "1")
        typist.sees("Waiting for you")
        answer_code(sandbox, "deny")
        typist.sees("You refused hotfolder")
        typist.sees("begin anew")
        typist.answers("How?", "2")
        typist.answers("Refresh token (not shown)", "worth-nothing")
        typist.sees("does not take this refresh token")
        typist.answers("How?", "2")
        typist.answers("Refresh token (not shown)", REFRESH_TOKEN)
        typist.answers("in a file that only you can read?", "y")
        typist.sees("You are signed in")
        assert typist.leaves() == 130
    assert REFRESH_TOKEN not in typist.screen
    assert "worth-nothing" not in typist.screen
    assert has_no_config(newcomer)


def test_a_code_that_expired_is_explained(newcomer: Person, sandbox: Sandbox) -> None:
    sandbox.world.switches.device_interval_s = 1
    sandbox.world.switches.device_expires_s = 1
    with terminal(newcomer) as typist:
        typist.answers("How?")
        typist.sees("not confirmed in time")
        typist.sees("How?")
        typist.presses(CTRL_D)
        assert typist.ends() == 130


@pytest.mark.parametrize("question", ["Which workflow?", "in folder", "out folder", "call", "Write this"])
def test_leaving_at_any_question_writes_nothing(signed_in: Person, question: str) -> None:
    with terminal(signed_in) as typist:
        for known in ("Which workflow?", "in folder", "out folder", "call", "Write this"):
            typist.sees(known)
            typist.sees(": ")
            if known == question:
                break
            typist.types("")
        assert typist.leaves() == 130
    assert "No config was written." in typist.screen
    assert has_no_config(signed_in)
    assert not (signed_in.place / "Pictures").exists()


def test_bad_answers_are_asked_again_with_their_reason(signed_in: Person) -> None:
    a_file = signed_in.place / "notes.txt"
    a_file.write_text("x")
    inbox = signed_in.place / "my 'odd' #1: in"
    with terminal(signed_in) as typist:
        typist.answers("Which workflow?", "99")
        typist.sees("There is no workflow '99'")
        typist.answers("Which workflow?", "fast")
        typist.answers("in folder", str(a_file))
        typist.sees("This is a file")
        typist.answers("in folder", "relative/in")
        typist.sees("is not a whole path")
        typist.answers("in folder", str(signed_in.place))
        typist.sees("contains the folder that hotfolder keeps its own files in")
        typist.answers("in folder", str(inbox))
        typist.answers("out folder", str(inbox / "out"))
        typist.sees("lies inside the in folder")
        typist.answers("out folder", "~/retouched")
        typist.answers("call", "a/b")
        typist.sees("has no '/'")
        typist.answers("call", "'#1: yes'")
        typist.answers("Write this", "maybe")
        typist.sees("Please answer y or n.")
        typist.answers("Write this", "y")
        ends_without_starting(typist)
    (folder,) = config(signed_in).folders
    assert (folder.name, folder.workflow) == ("'#1: yes'", FAST_ID)
    assert (folder.in_folder, folder.out_folder) == (inbox, signed_in.place / "retouched")


def test_images_that_are_there_are_counted_priced_and_decided(signed_in: Person) -> None:
    signed_in.save("a.jpg", "deep/b.png")
    signed_in.save_broken("c.jpg")
    with terminal(signed_in) as typist:
        typist.answers("Which workflow?", "Packshot")
        typist.answers("in folder", str(signed_in.inbox))
        typist.sees("out folder")
        typist.sees("[~/out]: ")
        typist.types("")
        typist.answers("call")
        typist.sees("already 2 images")
        typist.sees("costs 20 credits (2 × 10)")
        typist.sees("1 file in it cannot be read")
        typist.answers("Write process or skip", "")
        typist.sees("Please write process or skip.")
        typist.answers("Write process or skip", "skip")
        typist.answers("Write this", "y")
        ends_without_starting(typist)
    assert config(signed_in).folders[0].existing is Existing.SKIP


def test_an_existing_config_gets_another_hot_folder_and_keeps_its_text(signed_in: Person) -> None:
    signed_in.inbox.mkdir()
    signed_in.write_config(more="# my own words\n")
    before = (signed_in.home / "config.yaml").read_text("utf-8")
    with terminal(signed_in) as typist:
        typist.sees("There is a config already")
        typist.answers("Add another hot folder to it?", "y")
        typist.answers("Which workflow?", "Packshot")
        typist.answers("in folder", str(signed_in.inbox))
        typist.sees("same folder as the in folder of 'Packshots'")
        typist.answers("in folder", "")
        typist.answers("out folder", "")
        typist.answers("call", "packshots")
        typist.sees("Another hot folder is called")
        typist.answers("call", "")
        typist.answers("Write this", "y")
        ends_without_starting(typist)
    after = (signed_in.home / "config.yaml").read_text("utf-8")
    assert [folder.name for folder in config(signed_in).folders] == ["Packshots", "Packshot"]
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert after.index("- name: Packshot\n") < after.index("service:")


def test_an_existing_config_can_be_left_alone(signed_in: Person) -> None:
    signed_in.inbox.mkdir()
    signed_in.write_config()
    before = (signed_in.home / "config.yaml").read_bytes()
    with terminal(signed_in) as typist:
        typist.answers("Add another hot folder to it?", "n")
        assert typist.ends() == 0
    assert "Nothing was changed." in typist.screen
    assert (signed_in.home / "config.yaml").read_bytes() == before


def test_it_starts_on_the_spot(signed_in: Person) -> None:
    signed_in.save("a.jpg")
    with terminal(
        signed_in, "--in", str(signed_in.inbox), "--workflow", "Fast", "--existing", "process"
    ) as typist:
        typist.answers("out folder", str(signed_in.outbox))
        typist.answers("call", "Boots")
        typist.answers("Write this", "y")
        typist.answers("Check now", "n")
        if "log in" in typist.sees("?"):
            typist.types("n")
            typist.sees("Start hotfolder now?")
        typist.sees(": ")
        typist.types("y")
        wait_until(lambda: list(signed_in.outbox.glob("a.*")))
        typist.presses(CTRL_C)
        typist.ends()
    assert "hotfolder has ended" in typist.screen


# --- by options -----------------------------------------------------------------------------------


def test_options_alone_make_a_config(signed_in: Person) -> None:
    paths = str(signed_in.place / "my in"), str(signed_in.place / "my out")
    answer = signed_in.starts("init", "--in", paths[0], "--out", paths[1], "--workflow", "Packshot")
    assert (answer.code, answer.err) == (0, "")
    assert "hotfolder check" in answer.out
    assert Path(paths[0]).is_dir()
    made = config(signed_in)
    assert made.organization == ORGANIZATION_ID
    assert (made.folders[0].name, made.folders[0].workflow) == ("Packshot", PACKSHOT_ID)
    assert signed_in.types("check").code == 0


def test_yes_takes_the_suggested_folders(signed_in: Person) -> None:
    answer = signed_in.starts("init", "--workflow", "Fast", "--yes", "--name", "Boots")
    assert answer.code == 0, answer.err
    folder = config(signed_in).folders[0]
    assert folder.in_folder == signed_in.place / "Pictures" / "hotfolder" / "Fast" / "in"
    assert folder.name == "Boots"


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ((), "--in, --out, --workflow are missing"),
        (("--in", "/x"), "--out, --workflow are missing"),
        (("--yes",), "--workflow is missing"),
    ],
)
def test_what_is_missing_is_named(signed_in: Person, options: tuple[str, ...], missing: str) -> None:
    answer = signed_in.types("init", *options)
    assert (answer.code, missing in answer.err) == (2, True), answer.err
    assert has_no_config(signed_in)


def test_money_is_never_assumed(signed_in: Person) -> None:
    signed_in.save("a.jpg")
    options = ("--in", str(signed_in.inbox), "--out", str(signed_in.outbox), "--workflow", "Fast", "--yes")
    answer = signed_in.types("init", *options)
    assert (answer.code, "--existing is missing" in answer.err) == (2, True), answer.err
    assert has_no_config(signed_in)
    assert signed_in.types("init", *options, "--existing", "skip").code == 0
    assert config(signed_in).folders[0].existing is Existing.SKIP


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--workflow", "No such", "There is no workflow 'No such'"),
        ("--in", "relative", "is not a whole path"),
        ("--out", "~/in/deeper", "lies inside the in folder"),
        ("--name", "a/b", "has no '/'"),
        ("--organization", "Nobody", "There is no organization 'Nobody'"),
    ],
)
def test_a_bad_option_is_a_mistake_with_its_reason(
    signed_in: Person, option: str, value: str, reason: str
) -> None:
    good = {"--in": "~/in", "--out": "~/out", "--workflow": "Fast"} | {option: value}
    answer = signed_in.types("init", *(word for pair in good.items() for word in pair))
    assert answer.code == 2, answer.err
    assert answer.err.startswith(option)
    assert reason in answer.err
    assert has_no_config(signed_in)


def test_adding_by_options_needs_a_clear_yes(signed_in: Person) -> None:
    signed_in.inbox.mkdir()
    signed_in.write_config()
    options = ("--in", "~/second/in", "--out", "~/second/out", "--workflow", "Packshot")
    answer = signed_in.types("init", *options)
    assert (answer.code, "--yes" in answer.err) == (2, True)
    assert len(config(signed_in).folders) == 1
    assert signed_in.types("init", *options, "--yes").code == 0
    assert len(config(signed_in).folders) == 2


def test_a_config_that_is_not_right_is_to_be_mended_first(signed_in: Person) -> None:
    (signed_in.home / "config.yaml").write_text("folders: nothing\n")
    answer = signed_in.types("init", "--in", "~/a", "--out", "~/b", "--workflow", "Fast", "--yes")
    assert (answer.code, "config.yaml has 1 mistake" in answer.err) == (2, True)


def test_of_several_organizations_one_has_to_be_named(signed_in: Person, sandbox: Sandbox) -> None:
    sandbox.world.organizations[OTHER_ORGANIZATION] = Organization(
        OTHER_ORGANIZATION, "Second Studio", "1", (USER_ID,)
    )
    options = ("--in", "~/in", "--out", "~/out", "--workflow", "Fast")
    answer = signed_in.types("init", *options)
    assert (answer.code, "--organization is missing" in answer.err) == (2, True), answer.err
    assert signed_in.types("init", *options, "--organization", "sandbox studio").code == 0
    assert config(signed_in).organization == ORGANIZATION_ID


def test_without_a_sign_in_a_script_is_told_so(newcomer: Person) -> None:
    answer = newcomer.types("init", "--in", "~/in", "--out", "~/out", "--workflow", "Fast")
    assert (answer.code, "hotfolder login" in answer.err) == (3, True)


def test_a_variable_with_a_worthless_token_is_named(newcomer: Person) -> None:
    newcomer.variables["AUTORETOUCH_REFRESH_TOKEN"] = "worth-nothing"
    with terminal(newcomer) as typist:
        typist.sees("AUTORETOUCH_REFRESH_TOKEN is set")
        assert typist.ends() == 2
    assert "worth-nothing" not in typist.screen


def test_without_the_service_nothing_is_written(signed_in: Person, sandbox: Sandbox) -> None:
    sandbox.stop()
    answer = signed_in.types("init", "--in", "~/in", "--out", "~/out", "--workflow", "Fast")
    assert answer.code == 1
    assert has_no_config(signed_in)
    assert not (signed_in.place / "in").exists()


def test_no_config_points_to_the_guide_first(signed_in: Person) -> None:
    answer = signed_in.types("check")
    assert answer.code == 2
    assert answer.err.index("hotfolder init") < answer.err.index("folders:")
