"""The text of a new config.yaml: the documented format, with comments, to be read and edited by a person.

config.example.yaml shows every key; here stand the usual ones, each with its default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hotfolder.core.config import Existing
from hotfolder.core.first_run import Choice, Draft

_PLAIN = re.compile(r"[A-Za-z~/][A-Za-z0-9 ._/~()+-]*[A-Za-z0-9_/)]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null"})

_HEAD = """\
# hotfolder's config, made by "hotfolder init" or by the first run in the browser. Edit it as you like.
#
# Only the lines without a # in front are needed. Each line that begins with # directly followed by a word
# is a setting with its default: to change one, take the # away (and only the #) and write another value.
#
# Durations are written 500ms, 2s, 30m, 24h. Paths are written whole (~ is your home folder), and in single
# quotes where there are odd signs in them: 'C:\\Users\\Ann\\in'. After a change, "hotfolder check" tells
# whether all is well. These are the usual settings; config.example.yaml in the documentation has every one.
"""

_ORGANIZATION = "# The organization in AutoRetouch: its id or its exact name."

_TAIL = """\
# How many images travel at the same time, up and down: auto, or a number.
#limits:
#  uploads: auto
#  downloads: auto

# What to pop up a message for: all, batches (finished ones, and problems), problems, or off.
#notifications: batches
"""


def config_text(draft: Draft) -> str:
    """A whole config with this one hot folder."""
    parts = [_HEAD]
    if draft.organization is not None:
        parts.append(f"{_ORGANIZATION}\norganization: {_chosen(draft.organization)}\n")
    parts.append(
        '# The hot folders. For a second one: "hotfolder init" again, or repeat everything from "- name" on.\n'
        f"folders:\n{folder_text(draft, indent=2)}"
    )
    parts.append(_TAIL)
    return "\n".join(parts)


def folder_text(draft: Draft, indent: int) -> str:
    """One entry of the list `folders`, its dash after `indent` spaces."""
    return "".join(f"{line}\n" for line in _folder_lines(draft, " " * indent))


def _folder_lines(draft: Draft, dash: str) -> Iterator[str]:
    key = f"{dash}  "
    skips = draft.existing is Existing.SKIP
    yield f"{dash}- name: {yaml_text(draft.name)}"
    yield f"{key}# Images saved in here, and in the folders below it, are retouched …"
    yield f"{key}in: {yaml_text(draft.in_folder)}"
    yield f"{key}# … and the results come out here, in the same subfolders."
    yield f"{key}out: {yaml_text(draft.out_folder)}"
    yield f"{key}# The workflow in AutoRetouch: its id or its exact name."
    yield f"{key}workflow: {_chosen(draft.workflow)}"
    yield f"{key}# Images that lay in the folder at the very first start: process them, or skip them."
    yield f"{'' if skips else '#'}{key}existing: {draft.existing.value}"
    for comment, settings in _USUAL:
        yield f"{key}# {comment}"
        yield from (f"#{key}{setting}" for setting in settings)


_USUAL = (
    ("How long an image must lie still before it counts as completely written.", ("settle: 2s",)),
    ("Files to leave alone, as in a .gitignore. Each in quotes: ['*_draft.jpg', 'old/']", ("ignore: []",)),
    (
        "One batch (an order in the web app) for each subfolder, each day, or none; and how long it stays open.",
        ("batch:", "  per: subfolder", "  close_after: 30m"),
    ),
    ("Hot folders with a higher number go first; equal ones take turns.", ("priority: 0",)),
)


def _chosen(choice: Choice) -> str:
    """The id, and the name as a comment where it says more."""
    name = "".join(letter if letter.isprintable() else " " for letter in choice.name).strip()
    return f"{yaml_text(choice.id)}  # {name}" if name and name != choice.id else yaml_text(choice.id)


def yaml_text(text: str) -> str:
    """The text as a YAML scalar that reads as exactly this text: plain where that is plain to see, else in single quotes,
    in which nothing but `'` has a meaning. (Control characters cannot be written; the config refuses them anyway.)"""
    if _UUID.fullmatch(text) or (_PLAIN.fullmatch(text) and text.lower() not in _WORDS):
        return text
    return "'" + text.replace("'", "''") + "'"
