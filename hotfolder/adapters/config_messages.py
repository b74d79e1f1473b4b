"""Turns pydantic's errors into mistakes: the line in the file, plain words, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from hotfolder.adapters.config_mistakes import KeyPath, Mistake, written_key
from hotfolder.adapters.config_yaml import Document, Place, describe_reading
from hotfolder.core.config import SECTIONS
from hotfolder.core.units import UnitMissingError, UnusableError

Words = tuple[str, str]
"""Message and advice."""


def explain(error: ErrorDetails, document: Document) -> Mistake:
    """The mistake that one of pydantic's errors stands for."""
    path: KeyPath = tuple(step for step in error["loc"] if step != "[key]")
    if error["type"] != "missing":
        path = document.path_of(path)
    place = document.places.get(path, Place(1, error["input"]))
    message, advice = _words(error, path, place)
    return Mistake(document.line_of(path), written_key(path), message, advice)


def _words(error: ErrorDetails, path: KeyPath, place: Place) -> Words:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, UnitMissingError) and ":" in place.written:
        return describe_reading(place)[0], _advice_for_clock_time(place.written)
    if isinstance(cause, UnusableError):
        return cause.message, cause.advice
    if error["type"] in _BY_TYPE:
        return _BY_TYPE[error["type"]](error, path, place)
    return f"{error['msg']}.", "See config.example.yaml."


def _advice_for_clock_time(written: str) -> str:
    first, second = written.split(":")[:2]
    return f"Write {first}m or {second}s, one number and its unit."


def _missing(_error: ErrorDetails, path: KeyPath, _place: Place) -> Words:
    key, field = path[-1], _field(path)
    examples = field.examples if field else None
    shown = f"{key}: {examples[0]}" if examples else "folders:, and below it '- name: …'"
    return f"{key} is missing.", f"Add for example {shown}"


def _unknown(_error: ErrorDetails, path: KeyPath, _place: Place) -> Words:
    key, known = str(path[-1]), _keys_of(path[:-1])
    message = f"There is no key {key!r} here."
    if close := get_close_matches(key.lower(), known, n=1):
        return message, f"Did you mean {close[0]}?"
    homes = [
        name.split(".")[-1].removesuffix("[]")
        for name, section in SECTIONS.items()
        if key in section.file_keys()
    ]
    if homes:
        return message, f"It belongs {f'below {homes[0]}:' if homes[0] else 'to the top level'}."
    return message, f"Known here: {', '.join(known)}."


def _text(_error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    if isinstance(place.value, dict | list):
        return "Here should be one text.", "Write it after the ':' on the same line."
    return describe_reading(place)


def _number(_error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    return f"{_shown(place)} is not a whole number.", "Write digits only, for example 4."


def _duration(_error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    return f"{_shown(place)} is not a duration.", "Write for example 2s, 30m or 24h."


def _switch(_error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    return f"{_shown(place)} is neither on nor off.", "Write on or off, without quotes."


def _choice(error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    choices = str(error["ctx"]["expected"]).replace("'", "")
    return f"{_shown(place)} is none of the choices.", f"Write {choices}."


def _keys(_error: ErrorDetails, path: KeyPath, place: Place) -> Words:
    known = _keys_of(path)
    example = f"{known[0]}: …" if known else "client: Miller"
    return f"{_shown(place)} stands where keys should.", f"Write keys below it, indented: {example}"


def _list(_error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    return f"{_shown(place)} is not a list.", "Write one entry a line, each beginning with '- '."


def _empty(_error: ErrorDetails, _path: KeyPath, _place: Place) -> Words:
    return "It is empty.", "Write a text, or leave the line out."


def _too_small(error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    context = error["ctx"]
    least = f"at least {context['ge']:g}" if "ge" in context else f"more than {context['gt']:g}"
    return f"{_shown(place)} is too small.", f"Write {least}."


def _too_large(error: ErrorDetails, _path: KeyPath, place: Place) -> Words:
    return f"{_shown(place)} is too large.", f"Write at most {error['ctx']['le']:g}."


_BY_TYPE: dict[str, Callable[[ErrorDetails, KeyPath, Place], Words]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _text,
    "path_type": _text,
    "invalid-json-value": _text,
    "finite_number": _text,
    "int_type": _number,
    "float_type": _duration,
    "bool_type": _switch,
    "enum": _choice,
    "model_type": _keys,
    "dict_type": _keys,
    "mapping_type": _keys,
    "tuple_type": _list,
    "string_too_short": _empty,
    "greater_than": _too_small,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
}


def _shown(place: Place) -> str:
    """What is written there, short enough for one line."""
    if isinstance(place.value, dict | list):
        return "What stands here"
    written = place.written or str(place.value)
    return written if len(written) <= 60 else written[:59] + "…"


def _section_name(path: KeyPath) -> str:
    return re.sub(r"\[\d+\]", "[]", written_key(path))


def _keys_of(path: KeyPath) -> list[str]:
    section = SECTIONS.get(_section_name(path))
    return section.file_keys() if section else []


def _field(path: KeyPath) -> FieldInfo | None:
    section = SECTIONS.get(_section_name(path[:-1]))
    fields = section.model_fields.items() if section else ()
    return next((field for name, field in fields if (field.alias or name) == path[-1]), None)
