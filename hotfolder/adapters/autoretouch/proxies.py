"""Which proxy an address is reached through, by the environment and the system's settings.

People's environments hold anything: `NO_PROXY=[::1]`, `all_proxy=socks://…` beside a good `https_proxy`. What can be used is
used and the rest is left out, with a word: no value there keeps hotfolder from starting. Nothing here repeats an
address, it may hold a password (keeps I8).
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

log = logging.getLogger(__name__)

_PORTS = {"http": 80, "https": 443}
_SYSTEM = "The system's proxy settings"


@dataclass(frozen=True, slots=True)
class Address:
    """What is to be reached. `host` without brackets, in lower case."""

    scheme: str
    host: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Direct:
    """One entry of `NO_PROXY`: what is reached without a proxy. `host` may hold `*`; `network`: all addresses in it."""

    host: str = ""
    port: int | None = None
    scheme: str | None = None
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None

    def meets(self, address: Address) -> bool:
        if self.port is not None and self.port != (address.port or _PORTS.get(address.scheme)):
            return False
        if self.scheme is not None and self.scheme != address.scheme:
            return False
        if self.network is not None:
            number = _number(address.host)
            return number is not None and number in self.network
        host = address.host.rstrip(".")
        return host == self.host or host.endswith(f".{self.host}") or fnmatchcase(host, self.host)


@dataclass(frozen=True, slots=True)
class Proxies:
    """`by_scheme`: the first usable proxy for `http` and `https`; `exceptions`: what is reached directly all the same."""

    by_scheme: Mapping[str, str]
    exceptions: tuple[Direct, ...] = ()

    def proxy_for(self, address: Address) -> str | None:
        """None: directly. This computer itself is never reached through a proxy."""
        if is_this_computer(address.host) or any(one.meets(address) for one in self.exceptions):
            return None
        return self.by_scheme.get(address.scheme)


def is_host(host: str) -> bool:
    """Whether it can be one: a number, or a name of ASCII labels."""
    return _number(host) is not None or re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", host, re.ASCII) is not None


def is_this_computer(host: str) -> bool:
    """Whether a host (without brackets) is the loopback by its name or number."""
    name = host.rstrip(".").lower()
    number = _number(name)
    if number is None:
        return name == "localhost" or name.endswith(".localhost")
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return (mapped or number).is_loopback


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


# --- reading --------------------------------------------------------------------------------------


def surrounding_proxies(is_usable: Callable[[str], bool]) -> Proxies:
    """The environment's proxies, and where it names none at all the system's (macOS, Windows). Never raises; each variable
    that cannot be used is named in the log."""
    named = _named_proxies()
    unusable = {name for _, name, url in named if not is_usable(url)}
    by_scheme = {
        scheme: url
        for wanted in ("all", "http", "https")
        for kind, name, url in named
        if kind == wanted and name not in unusable
        for scheme in (("http", "https") if wanted == "all" else (wanted,))
    }
    exceptions, strange = _exceptions()
    for name in sorted(unusable):
        log.warning("%s cannot be used as a proxy and is left out. `service.proxy` goes before it.", name)
    if strange:
        log.warning("NO_PROXY has entries that cannot be understood; they are left out.")
    return Proxies(by_scheme, exceptions)


def _named_proxies() -> list[tuple[str, str, str]]:
    """(`http`, `https` or `all`, the variable's name, address). The last usable one of a kind counts: the small letters'."""
    of_environment = [
        (name.lower().removesuffix("_proxy"), name, value.strip())
        for name, value in sorted(os.environ.items())  # capital letters sort first
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy")
    ]
    emptied = {kind for kind, name, value in of_environment if not value and name.islower()}
    # A web server's CGI sets HTTP_PROXY from whatever a visitor's `Proxy:` header says.
    of_visitor = "HTTP_PROXY" if "REQUEST_METHOD" in os.environ else None
    found = [
        (kind, name, with_scheme(value))
        for kind, name, value in of_environment
        if value and kind not in emptied and name != of_visitor
    ]
    if found or emptied:
        return found
    system = urllib.request.getproxies()
    return [(k, _SYSTEM, with_scheme(system[k])) for k in ("all", "http", "https") if system.get(k)]


def with_scheme(address: str) -> str:
    """`proxy.lan:3128` means `http://proxy.lan:3128`."""
    return address if "://" in address else f"http://{address}"


def _exceptions() -> tuple[tuple[Direct, ...], bool]:
    """The entries of `NO_PROXY`, and whether there are some that cannot be understood."""
    lists = {name: value for name, value in os.environ.items() if name.lower() == "no_proxy"}
    text = lists.get("no_proxy", next(iter(lists.values()), None))
    if text is None:
        text = urllib.request.getproxies().get("no", "")
    entries = [entry for entry in re.split(r"[\s,;]+", text) if entry]
    read = [exception_in(entry) for entry in entries]
    return tuple(one for one in read if one is not None), None in read


_ENTRY = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?:\[(?P<six>[^\[\]]*)\]|(?P<host>[^:\[\]/]*))(?::(?P<port>\d{1,5}|\*))?/?"
)


def exception_in(entry: str) -> Direct | None:
    """An entry of `NO_PROXY`: `*`, a domain with or without a dot or `*.` before it, a number or a network of them, each
    with a port or a scheme if wanted. None: not understood."""
    text = entry.lower().strip("\"'")
    if (network := _network(text)) is not None:
        return Direct(network=network)
    parts = _ENTRY.fullmatch(text)
    if parts is None:
        return None
    port = int(parts["port"]) if parts["port"] not in (None, "*") else None
    scheme = None if parts["scheme"] == "all" else parts["scheme"]
    host = parts["six"] if parts["six"] is not None else parts["host"]
    if (network := _network(host)) is not None:
        return Direct(port=port, scheme=scheme, network=network)
    host = host if host == "*" else host.removeprefix("*").strip(".")
    is_sound = bool(host) and parts["six"] is None and re.search(r"[\s@?#%]", host) is None
    return Direct(host, port, scheme) if is_sound else None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A number is a network of one. `[::1]/128` and `[fd00::]/8` are seen too."""
    bare = re.sub(r"^\[([^\[\]]*)\]", r"\1", text)
    try:
        return ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return None
