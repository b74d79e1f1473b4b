"""PyGObject of the system, for a venv: pip has no ready-made one, and without it a tray on Linux has no menu.

Only the package `gi` is taken, by its place: nothing else of the system's Python becomes importable.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

log = logging.getLogger(__name__)

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"

PLACES = (
    Path("/usr/lib/python3/dist-packages"),
    Path(f"/usr/lib/{_VERSION}/site-packages"),
    Path(f"/usr/lib64/{_VERSION}/site-packages"),
    Path(f"/usr/lib/{_VERSION}/dist-packages"),
)
"""Where Debian and Ubuntu, Arch, Fedora and openSUSE keep the packages of their own Python."""

_MADE_FOR_US = tuple(suffix for suffix in EXTENSION_SUFFIXES if "cpython" in suffix or "abi3" in suffix)


def ensure_gi(places: Iterable[Path] = PLACES) -> bool:
    """After True, `import gi` works. A frozen app has its own `gi` or none: the system's libraries do not fit into it."""
    if "gi" in sys.modules or importlib.util.find_spec("gi") is not None:
        return True
    if getattr(sys, "frozen", False):
        return False
    return any(_borrow(place / "gi") for place in places if _fits(place / "gi"))


def _fits(package: Path) -> bool:
    """Whether its compiled part was made for exactly this Python."""
    return (package / "__init__.py").is_file() and any(
        (package / f"_gi{suffix}").is_file() for suffix in _MADE_FOR_US
    )


def _borrow(package: Path) -> bool:
    spec = importlib.util.spec_from_file_location(
        "gi", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        return False
    sys.modules["gi"] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, OSError, AttributeError):
        log.info("the system's PyGObject in %s does not work here", package, exc_info=True)
        for name in [name for name in sys.modules if name == "gi" or name.startswith("gi.")]:
            del sys.modules[name]
        return False
    log.info("PyGObject is borrowed from %s", package)
    return True
