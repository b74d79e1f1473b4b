"""What the programs of others get from us: editors, file managers, browsers."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from hotfolder.adapters.keyring_tokens import VARIABLE


def environment_for_others(variables: Mapping[str, str]) -> dict[str, str]:
    """Without our secret (I8), and without the libraries of a frozen app.

    PyInstaller keeps what it replaced under another name (PyInstaller manual, "LD_LIBRARY_PATH / LIBPATH considerations").
    """
    clean = {name: value for name, value in variables.items() if name != VARIABLE}
    if getattr(sys, "frozen", False):
        for name in ("LD_LIBRARY_PATH", "LIBPATH"):
            clean.pop(name, None)
            if (before := clean.pop(f"{name}_ORIG", None)) is not None:
                clean[name] = before
    return clean
