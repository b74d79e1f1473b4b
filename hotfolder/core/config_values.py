"""The kinds of values in config.yaml: each says what it accepts, and what to write instead."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo

from hotfolder.core.units import UnitMissingError, UnusableError, parse_duration, parse_rate

WRITTEN = {"written": True}
"""Validation context of a file: there a number without its unit is a mistake, in Python it is not."""

RESERVED_LABEL_PREFIX = "autoretouch_batch_"
IMAGE_LABEL = "hotfolder_image_id"
SETTINGS_LABEL = "hotfolder_settings"


def with_unit(parse: Callable[[str], float], units: Sequence[str]) -> BeforeValidator:
    def read(value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            return parse(value)
        if info.context == WRITTEN and isinstance(value, int | float) and not isinstance(value, bool):
            choices = " or ".join(f"{value}{unit}" for unit in units)
            raise UnitMissingError(f"{value} has no unit.", f"Write {choices}.")
        return value

    return BeforeValidator(read)


def none_for(*words: str | bool) -> BeforeValidator:
    """The words that stand for a default which is no value. YAML reads a plain `off` as false."""
    return BeforeValidator(lambda value: None if isinstance(value, str | bool) and value in words else value)


def plain_text(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", text):
        raise UnusableError(
            "There is an invisible control character in it.", "Write it anew, in single quotes."
        )
    return text


def folder_name(name: str) -> str:
    if "/" in name:
        raise UnusableError(
            f"A hot folder's name has no '/': {name!r}.", f"Write {name.replace('/', '-')!r}."
        )
    return name


def whole_path(path: Path) -> Path:
    plain_text(str(path))
    if not path.is_absolute():
        raise UnusableError(
            f"{str(path)!r} is not a whole path.", "Write the whole path, from / or ~ or the drive on."
        )
    return path


def _label(key: str) -> str:
    if key.startswith(RESERVED_LABEL_PREFIX) or key in (IMAGE_LABEL, SETTINGS_LABEL):
        raise UnusableError(f"hotfolder sets the label {key} itself.", "Choose another name for it.")
    return key


def http_url(text: str) -> str:
    """The URL without its last slash; `UnusableError` if it is no http(s) URL."""
    _split_url(text)
    return text.rstrip("/")


def service_url(text: str) -> str:
    """As `http_url`, but plain http to this computer only: elsewhere the token would travel in the clear."""
    parts = _split_url(text)
    if "@" in parts.netloc:
        raise UnusableError(
            "The URL has a user name or password in it.", "Write it without; see 'hotfolder login'."
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise UnusableError(
            "Over http the sign-in would travel in the clear.", f"Write https://{parts.netloc}"
        )
    return text.rstrip("/")


def _split_url(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", text):
        raise UnusableError(
            f"{text!r} is not an http(s) URL.", "Write for example https://api.autoretouch.com"
        )
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_and_port(text: str) -> str:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", text)
    if match is None or not 0 < int(match[2]) < 65_536:
        raise UnusableError(f"{text!r} is not an address with a port.", "Write for example 127.0.0.1:8765")
    return text


Duration = Annotated[float, with_unit(parse_duration, ("s", "m", "h")), Field(ge=0)]
SomeDuration = Annotated[float, with_unit(parse_duration, ("s", "m", "h")), Field(gt=0)]
Rate = Annotated[int, with_unit(parse_rate, ("kB/s", "MB/s")), Field(ge=1000)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(plain_text)]
FolderName = Annotated[Text, AfterValidator(folder_name)]
FolderPath = Annotated[Path, Field(strict=False), AfterValidator(whole_path)]
LabelName = Annotated[Text, AfterValidator(_label)]
Credits = Annotated[int, Field(ge=0)]
Transfers = Annotated[int, Field(ge=1, le=64)]
HttpUrl = Annotated[str, AfterValidator(http_url)]
ServiceUrl = Annotated[str, AfterValidator(service_url)]
Lax = Field(strict=False)
