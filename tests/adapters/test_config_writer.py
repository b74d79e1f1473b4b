"""The config that the first run writes: it loads, says what was meant, and takes the place of nothing."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.adapters.config_file import load_config
from hotfolder.adapters.config_writer import append_hot_folder, write_config
from hotfolder.core.config import Existing
from hotfolder.core.config_text import config_text
from hotfolder.core.first_run import Choice, Draft
from hotfolder.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"

DRAFT = Draft("Boots", "/photos/in", "/photos/out", Choice("w-1", "Packshot"), Choice("o-1", "Studio"))
SECOND = Draft("Shoes", "/shoes/in", "/shoes/out", Choice("w-2", "Fast"), Choice("o-1", "Studio"))

odd = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="/\ufffe\uffff"),
    max_size=20,
)
pieces = st.sampled_from(
    ["'", '"', ": ", " #", "#", "\\", "C:\\Users\\Ann", "~", "~x", "- ", "? ", "| ", "> ", "{", "[", "*a", "&b", "!c", "%",
     "@", "`", "yes", "null", "1e5", "2026-11-24", "é", "é", "🥾", " ", ",", "---", "...", "\u00a0", "\ufeff"]
)  # fmt: skip
texts = st.lists(st.one_of(odd, pieces), min_size=1, max_size=5).map("".join)
names = texts.filter(lambda text: text.strip() != "")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@given(names, texts, texts, names, names, st.sampled_from(Existing))
def test_whatever_is_chosen_reads_back_as_it_was_meant(
    name: str, inside: str, outside: str, workflow: str, organization: str, existing: Existing
) -> None:
    paths = f"/a {inside}", f"/b {outside}"
    draft = Draft(name, *paths, Choice(workflow, "x"), Choice(organization, workflow), existing)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        write_config(path, draft)
        config = load_config(path)
        (made,) = config.folders
        assert (made.name, made.workflow, config.organization) == (
            name.strip(),
            workflow.strip(),
            organization.strip(),
        )
        assert (str(made.in_folder), str(made.out_folder)) == (str(Path(paths[0])), str(Path(paths[1])))
        assert made.existing is existing
        append_hot_folder(
            path, replace(SECOND, in_folder=f"/c {inside}", out_folder=f"/d {outside}", name="2nd of two")
        )
        assert load_config(path).folders[0] == made
        assert names_in(Path(folder)) == ["config.yaml"]


def test_only_what_was_chosen_is_set(tmp_path: Path) -> None:
    write_config(tmp_path / "config.yaml", DRAFT)
    config = load_config(tmp_path / "config.yaml")
    assert config.model_fields_set == {"organization", "folders"}
    assert config.folders[0].model_fields_set == {"name", "in_folder", "out_folder", "workflow"}


def test_every_commented_setting_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = config_text(DRAFT)
    path.write_text(text, "utf-8")
    plain = load_config(path)
    uncommented = re.sub(r"(?m)^#( *[a-z_]+:)", r"\1", text)
    path.write_text(uncommented, "utf-8")
    config = load_config(path)
    assert config == plain
    assert {"limits", "notifications"} <= config.model_fields_set
    assert {"settle_s", "ignore", "batch", "priority", "existing"} <= config.folders[0].model_fields_set


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, in_folder="/photos", out_folder="/photos/out"),
        replace(DRAFT, in_folder="/home/ann", out_folder="/b"),
        replace(DRAFT, in_folder="not whole"),
        replace(DRAFT, in_folder="/with\nline"),
        replace(DRAFT, out_folder="/with\x85next"),
        replace(DRAFT, in_folder="/half \udc80 letter"),
        replace(DRAFT, name="a/b"),
        replace(DRAFT, name=" "),
    ],
)
def test_what_no_config_may_say_is_not_written(tmp_path: Path, draft: Draft) -> None:
    path = tmp_path / "new" / "config.yaml"
    with pytest.raises(ConfigError):
        write_config(path, draft, Path("/home/ann/.local/state/hotfolder"))
    assert not path.parent.exists()


def test_a_config_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("mine", "utf-8")
    with pytest.raises(ConfigError, match="There is a config already"):
        write_config(path, DRAFT)
    assert path.read_text("utf-8") == "mine"
    assert names_in(tmp_path) == ["config.yaml"]


def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_config(tmp_path / "file" / "config.yaml", DRAFT)


BEFORE = {
    "plain": "folders:\n  - name: A\n    in: /a/in\n    out: /a/out\n    workflow: x\n",
    "no line break at the end": "folders:\n- name: A\n  in: /a/in\n  out: /a/out\n  workflow: x",
    "windows": "# mine\r\nfolders:\r\n  - name: A\r\n    in: /a/in\r\n    out: /a/out\r\n    workflow: x\r\nlimits: {}\r\n",
    "byte order mark": "\ufefffolders:\n  - name: A\n    in: /a/in\n    out: /a/out\n    workflow: x\n",
    "more behind it": (
        "folders:  # all\n      - {name: A, in: /a/in, out: /a/out, workflow: x}\n      # indented\n#        settle: 9s\n\n"
        "# about limits\nlimits:\n  uploads: 3\n"
    ),
    "a list at the end": "folders:\n  - name: A\n    in: /a/in\n    out: /a/out\n    workflow: x\n    ignore:\n"
    "      - 'a'\n      - 'b'\n\n\nlimits: {uploads: 3}\n",
    "a block at the end": "folders:\n  - in: /a/in\n    out: /a/out\n    workflow: x\n    name: >-\n      A\n\n# end\n",
    "many lines": "folders:\n  - in: /a/in\n    out: /a/out\n    workflow: 'x\n      y'\n    labels: {\n      a: b\n    }\n"
    "    name: A\nservice: {}\n",
}


@pytest.mark.parametrize(
    "before", [*BEFORE.values(), EXAMPLE.read_text("utf-8"), config_text(DRAFT)], ids=str
)
def test_a_hot_folder_is_added_and_not_a_letter_changed(tmp_path: Path, before: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(before.encode())
    old = load_config(path)
    append_hot_folder(path, SECOND)
    after, new = path.read_bytes().decode(), load_config(path)
    assert new.folders[:-1] == old.folders
    assert new.folders[-1].name == "Shoes"
    assert new.model_copy(update={"folders": old.folders}) == old
    start = next(i for i, (a, b) in enumerate(zip(before + "\0", after, strict=False)) if a != b)
    added = len(after) - len(before)
    assert any(before == after[:at] + after[at + added :] for at in range(start + 1)), after
    assert ("\r\n" in before) == ("\r\n" in after)
    assert "\n" not in after.replace("\r\n", "") or "\r\n" not in before


def test_comments_of_the_hot_folder_before_stay_with_it(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(BEFORE["more behind it"], "utf-8")
    append_hot_folder(path, SECOND)
    text = path.read_text("utf-8")
    assert text.index("settle: 9s") < text.index("name: Shoes") < text.index("# about limits")


@pytest.mark.parametrize(
    "before",
    ["folders: [{name: A, in: /a/in, out: /a/out, workflow: x}]\n",
     "{folders: [{name: A, in: /a/in, out: /a/out, workflow: x}]}\n"],
)  # fmt: skip
def test_where_it_cannot_be_added_the_text_to_paste_is_given(tmp_path: Path, before: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(before, "utf-8")
    with pytest.raises(ConfigError, match="Put this into it") as told:
        append_hot_folder(path, SECOND)
    assert "  - name: Shoes\n" in told.value.advice
    assert path.read_text("utf-8") == before


@pytest.mark.parametrize(
    "draft",
    [
        replace(SECOND, name="boots"),
        replace(SECOND, in_folder="/photos/in/deep"),
        replace(SECOND, out_folder="/photos/out"),
    ],
)
def test_a_hot_folder_that_clashes_is_not_added(tmp_path: Path, draft: Draft) -> None:
    path = tmp_path / "config.yaml"
    write_config(path, DRAFT)
    before = path.read_bytes()
    with pytest.raises(ConfigError):
        append_hot_folder(path, draft)
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX")
def test_a_link_stays_a_link_and_the_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.yaml", tmp_path / "config.yaml"
    write_config(real, DRAFT)
    real.chmod(0o600)
    link.symlink_to(real)
    append_hot_folder(link, SECOND)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert len(load_config(link).folders) == 2
