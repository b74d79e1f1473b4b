"""Writes config.yaml: a new one that never takes the place of another, or one more hot folder in one that is there.

What is written was read back by `load_config` first and says exactly what was meant; it stands there whole or not at all.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from hotfolder.adapters.config_file import ConfigErrors, load_config
from hotfolder.adapters.config_syntax import compose
from hotfolder.adapters.durably import rename_to_free_name, sync_folder
from hotfolder.core.config import Config
from hotfolder.core.config_text import config_text, folder_text
from hotfolder.core.first_run import Draft
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import ConfigError

FILE_NAME = "config.yaml"


def write_config(path: Path, draft: Draft, home: Path | None = None) -> None:
    """A new config with this hot folder. Raises `ConfigErrors` for what cannot be (overlaps, control characters), and
    `ConfigError` where there is a config already or none can be written. `home`: hotfolder's own folder."""
    check_draft(draft, home)
    with _trouble(path), _written(path, config_text(draft)) as temporary:
        if not rename_to_free_name(temporary, path):
            raise ConfigError(
                f"There is a config already: {path}.", "It was not touched. Add a hot folder to it instead."
            )
        sync_folder(path.parent)


def append_hot_folder(path: Path, draft: Draft, home: Path | None = None) -> None:
    """One more hot folder in the config that is there; everything else in it stays as it is, letter by letter.

    Raises `ConfigErrors` as `write_config` does, and `ConfigError` with the text to paste where it cannot be added
    safely.
    """
    with _trouble(path):
        before = path.read_bytes()
    text = check_draft(draft, home, before)
    real = Path(os.path.realpath(path))  # a link (a folder of dotfiles, say) stays one
    with _trouble(path), _written(real, text) as temporary:
        temporary.chmod(real.stat().st_mode & 0o777)
        if path.read_bytes() != before:
            raise ConfigError(f"{path} was changed just now, so nothing was added.", "Try again.")
        temporary.replace(real)
        sync_folder(real.parent)


def check_draft(draft: Draft, home: Path | None, before: bytes | None = None) -> str:
    """The whole text of the config with this hot folder in it; raises as `append_hot_folder`. Writes nothing there."""
    text = config_text(draft) if before is None else _appended(before, draft)
    with tempfile.TemporaryDirectory(prefix="hotfolder-") as folder:
        place = Path(folder) / FILE_NAME
        try:
            _write_new(place, _encoded(text))
            after = load_config(place, home)
        except UnicodeEncodeError:
            raise ConfigError(
                "There is half a character in a name or folder.", "Rename it, or choose another."
            ) from None
        if before is not None:
            place.write_bytes(before)
            _must_be_added(load_config(place, home), after, draft)
    _must_say(after, draft)
    return text


def _must_say(config: Config, draft: Draft) -> None:
    """Read back, the last hot folder is the one that was meant."""
    folder = config.folders[-1]
    wanted = (
        draft.name.strip(),
        Path(draft.in_folder).expanduser(),
        Path(draft.out_folder).expanduser(),
        draft.workflow.id.strip(),
        draft.existing,
    )
    if (folder.name, folder.in_folder, folder.out_folder, folder.workflow, folder.existing) != wanted:
        raise ConfigError("This hot folder cannot be written into the config.", "Choose plainer names.")


def _must_be_added(before: Config, after: Config, draft: Draft) -> None:
    if after.folders[:-1] != before.folders or after.model_copy(update={"folders": before.folders}) != before:
        raise _cannot_add(draft)


def _appended(before: bytes, draft: Draft) -> str:
    """The old text with the entry behind the last hot folder and the comments that belong to it."""
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        raise _cannot_add(draft) from None
    node = _folders_node(text)
    if node is None or node.flow_style or not node.value:
        raise _cannot_add(draft)
    lines = text.splitlines(keepends=True)
    ending = "\r\n" if "\r\n" in text else "\n"
    at = _end_of_entry(lines, _last_line(node))
    entry = folder_text(draft, node.start_mark.column).replace("\n", ending)
    head, tail = "".join(lines[:at]), "".join(lines[at:])
    joint = "" if head.endswith(("\n", "\r")) else ending
    return f"{head}{joint}{ending}{entry}{tail}"


def _folders_node(text: str) -> yaml.SequenceNode | None:
    root, slips, _ = compose(text)
    if slips or not isinstance(root, yaml.MappingNode):
        return None
    values = [value for key, value in root.value if key.value == "folders"]
    return values[0] if len(values) == 1 and isinstance(values[0], yaml.SequenceNode) else None


def _last_line(node: yaml.Node) -> int:
    """The last line with a value of it, from 0. A block's own end mark lies behind the comments after it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return max(_last_line(part) for pair in node.value for part in pair)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return max(_last_line(part) for part in node.value)
    mark = node.end_mark
    return int(mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line)


def _end_of_entry(lines: list[str], last: int) -> int:
    """The index behind the comments that are indented, as in the example: `    # …` and `#    settle: 2s`."""
    end = last + 1
    for number, line in enumerate(lines[end:], end):
        if line.lstrip()[:1] not in ("", "#"):
            break
        if line.startswith((" ", "#  ")) and line.strip():
            end = number + 1
        elif line.startswith("#"):
            break
    return end


def _cannot_add(draft: Draft) -> ConfigError:
    return ConfigError(
        "The hot folder could not be added to the config that is there without changing more of it.",
        f"Nothing was changed. Put this into it, below the last hot folder:\n\n{folder_text(draft, 2)}",
    )


# --- on the disk ----------------------------------------------------------------------------------


@contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    """A durable file beside `path`, gone after the block. Crash here: a `.config.yaml.<random>.tmp` is left, which
    does no harm."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, _encoded(text))
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8")


@contextmanager
def _trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = plain_reason(error)
        raise ConfigError(f"{path} cannot be written: {reason}.", "Check the rights of its folder.") from None


__all__ = ["ConfigErrors", "append_hot_folder", "check_draft", "write_config"]
