"""Reads config.yaml: the whole of it is right, or every mistake is told at once (design §8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from hotfolder.adapters.config_folders import expand_homes, find_overlaps, folder_paths
from hotfolder.adapters.config_messages import explain
from hotfolder.adapters.config_mistakes import ConfigErrors, Mistake, written_key
from hotfolder.adapters.config_yaml import Document, describe_reading, read_yaml
from hotfolder.core.config import Config, ServiceConfig, doubled_name, doubled_names
from hotfolder.core.config_values import WRITTEN, service_url
from hotfolder.core.plain_words import plain_reason
from hotfolder.core.units import UnusableError

__all__ = ["ConfigErrors", "Mistake", "load_config", "with_environment"]

_ENVIRONMENT = {"AUTORETOUCH_API_URL": "api_url", "AUTORETOUCH_AUTH_URL": "auth_url"}
_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[^\\/\"]")


def load_config(path: Path, home: Path | None = None) -> Config:
    """The config in the file, with `~` expanded. ConfigErrors with every mistake if it is not right.

    A folder that is not there is no mistake: drives come and go. `home` is hotfolder's own folder, which
    must not lie in an in folder.
    """
    document = read_yaml(_read_text(path))
    mistakes = document.mistakes
    if document.data is None and not mistakes:
        mistakes = [
            Mistake(None, "", "The file is empty.", "Begin it with 'folders:'; see config.example.yaml.")
        ]
    elif document.data is not None and not isinstance(document.data, dict):
        advice = "Begin it with 'folders:'; see config.example.yaml."
        mistakes.append(Mistake(1, "", "The file should consist of keys and their values.", advice))
    elif document.data is not None:
        _note_escapes(document)
        config, found = _check(document, home)
        mistakes += [mistake for mistake in found if mistake.key not in document.unread]
        if config is not None and not mistakes:
            return config
    raise ConfigErrors(path.name, mistakes)


def with_environment(config: Config, environ: Mapping[str, str]) -> Config:
    """The config with AUTORETOUCH_API_URL and AUTORETOUCH_AUTH_URL in place of its own. Empty is unset."""
    urls: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for variable, key in _ENVIRONMENT.items():
        try:
            if environ.get(variable):
                urls[key] = service_url(environ[variable])
        except UnusableError as error:
            mistakes.append(Mistake(None, variable, error.message, error.advice))
    if mistakes:
        raise ConfigErrors("The environment", mistakes)
    service: ServiceConfig = config.service.model_copy(update=urls)
    return config.model_copy(update={"service": service})


def _check(document: Document, home: Path | None) -> tuple[Config | None, list[Mistake]]:
    """The config if the values allow for one, and every mistake in them."""
    expand_homes(document.data)
    config: Config | None = None
    mistakes: list[Mistake] = []
    try:
        config = Config.model_validate(document.data, context=WRITTEN, by_alias=True, by_name=False)
    except ValidationError as error:
        # A mistake of the file as a whole (no place) is a doubled name, which is told below with its line.
        mistakes += [explain(details, document) for details in error.errors() if details["loc"]]
    mistakes += _doubled_names(document)
    mistakes += find_overlaps(document, home)
    told = {mistake.key for mistake in mistakes}
    return config, mistakes + [odd for odd in _odd_values(document) if odd.key not in told]


def _note_escapes(document: Document) -> None:
    r"""Folders in double quotes in which `\` says something else to YAML: "C:\new" has a line break."""
    for _, number, key, _ in folder_paths(document.data):
        path = ("folders", number, key)
        place = document.places[path]
        if place.written.startswith('"') and _ESCAPE.search(place.written):
            advice = f"Put it in single quotes: '{place.written[1:-1]}'"
            document.note_unread(place.line, path, "In double quotes \\ has a meaning of its own.", advice)


def _doubled_names(document: Document) -> list[Mistake]:
    folders = document.data.get("folders") if isinstance(document.data, dict) else None
    entries = folders if isinstance(folders, list) else []
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    found = []
    for first, later in doubled_names(names):
        path = ("folders", later, "name")
        error = doubled_name(f"{names[first]}")
        message = f"{error.message} See line {document.line_of(('folders', first, 'name'))}."
        found.append(Mistake(document.line_of(path), written_key(path), message, error.advice))
    return found


def _odd_values(document: Document) -> list[Mistake]:
    """Numbers that are not the digits written, anywhere; words for true and false in passed-on settings."""
    return [
        Mistake(
            place.line, written_key(path), describe_reading(place)[0], _plainer(place.value, place.written)
        )
        for path, place in document.places.items()
        if place.is_surprising_number or ("settings" in path[2:] and place.is_word_for_bool)
    ]


def _plainer(value: object, written: str) -> str:
    plain = str(value).lower()
    return f"Write {plain} if that is meant, or put it in quotes: '{written}'"


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        mistake = Mistake(line, "", "The file is not written in UTF-8.", "Save it again with encoding UTF-8.")
    except FileNotFoundError:
        mistake = Mistake(None, "", f"{path} is not there.", "Copy config.example.yaml there to begin.")
    except OSError as error:
        reason = f"{path} cannot be read: {plain_reason(error)}."
        mistake = Mistake(None, "", reason, "Check that it is a file you may read.")
    raise ConfigErrors(path.name, [mistake])
