"""How the service's URLs are spelt."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode, urljoin, urlsplit

from hotfolder.errors import ConfigError

PAGE = 50
"""Entries per page: what the official client asks for; the highest allowed is not documented [?]."""

UPLOAD_ROUTES = ("/upload", "/v1/upload")
"""[D] has the first, [C] the second."""

_ENCODED = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+", re.ASCII)


def base_url(url: str, key: str) -> str:
    """`url` of the config key `service.<key>`, without a slash or `/v1` at its end."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"`service.{key}` is not a web address.", "Write it like https://api.autoretouch.com."
        )
    return url.strip().rstrip("/").removesuffix("/v1")


def query(**values: str | int | None) -> str:
    """`?a=b&c=d` of those that are not None."""
    given = {key: value for key, value in values.items() if value is not None}
    return "?" + urlencode(given, errors="replace", quote_via=quote)


def segment(text: str) -> str:
    """An opaque id as one segment of a path."""
    return quote(text, safe="", errors="replace")


def is_result_path(path: str) -> bool:
    """Whether `path` can be a result's: below `/image/` and not climbing out of it."""
    return path.startswith("/image/") and not any(part in ("", ".", "..") for part in path[1:].split("/"))


def result_paths(path: str) -> list[str]:
    """Where a result may be found, likeliest first: `/v1` and quoted [C], without `/v1`, and, should the service
    have quoted it already, as given."""
    quoted = quote(path, safe="/", errors="replace")
    as_given = [f"/v1{path}"] if path != quoted and _ENCODED.fullmatch(path) else []
    return [f"/v1{quoted}", quoted, *as_given]


def redirect_target(source: str, location: str, api_url: str) -> str | None:
    """Where an answer to `source` leads on to; None where a download must not follow: out of https into http,
    except on the service's own host."""
    try:
        target = urljoin(source, location)
        there, home = urlsplit(target), urlsplit(api_url)
        is_home = there.scheme == home.scheme and there.hostname == home.hostname
        return target if there.hostname and (there.scheme == "https" or is_home) else None
    except ValueError:
        return None


def next_hop(method: str, source: str, status: int, location: str | None) -> str | None:
    """Where a call is to be sent once more, unchanged, because of this answer; None where it is not. Only a 301, 307 or 308
    says "the same, over there"; and only within the origin, since token and image go along (keeps I8). Out of http into
    https of the same host is the one step beyond it."""
    if status not in (301, 307, 308) or not location or method not in ("GET", "HEAD", "POST"):
        return None
    try:
        target = urljoin(source, location)
        same = _origin(source) == _origin(target)
        return target if same or _is_upward(source, target) else None
    except ValueError:
        return None


def _is_upward(source: str, target: str) -> bool:
    (scheme, host, port), there = _origin(source), _origin(target)
    return (scheme, port) == ("http", 80) and there == ("https", host, 443)


def host_of(location: str) -> str:
    """The host a `Location` names, "" where it names none."""
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""


def is_same_origin(url: str, api_url: str) -> bool:
    """Whether the access token may go there."""
    return _origin(url) == _origin(api_url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
