"""The person's web browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from functools import partial

from hotfolder.adapters.other_programs import environment_for_others
from hotfolder.adapters.own_thread import in_own_thread


def can_open(environ: Mapping[str, str]) -> bool:
    """Whether a browser would come up in front of the person, and not in the terminal or on another computer."""
    if environ.get("BROWSER"):
        return True
    if sys.platform in ("win32", "darwin"):
        return not environ.get("SSH_CONNECTION")
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def open_address(address: str) -> bool:
    """Open a web address, without waiting for the browser; False where there is none, or where it is no web address."""
    if not address.startswith(("https://", "http://")) or not can_open(os.environ):
        return False
    is_bundled = sys.platform == "linux" and getattr(sys, "frozen", False) and not os.environ.get("BROWSER")
    in_own_thread(partial(_open_from_bundle if is_bundled else webbrowser.open, address))
    return True


def _open_from_bundle(address: str) -> bool:
    """A frozen program has libraries of its own in its environment, which are not the browser's."""
    opener = shutil.which("xdg-open")
    if opener is None:
        return webbrowser.open(address)
    environment = environment_for_others(os.environ)
    quiet = subprocess.DEVNULL
    return subprocess.call([opener, address], env=environment, stdin=quiet, stdout=quiet, stderr=quiet) == 0
