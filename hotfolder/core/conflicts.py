"""Names of the copies that sync programs make when two computers changed the same file.

Only names that no photographer gives: `boot 2.jpg`, as iCloud writes, is an image like any other. Sources: the
programs' own help pages and sources (Syncthing `versioner`, Nextcloud `common/utility`, Seafile `seafile-applet`).
"""

from __future__ import annotations

import re
import unicodedata

_PHRASES = "|".join(
    (
        r"conflict(?:ed|ing)? copy",  # Dropbox, Nextcloud, Box, MEGA, Insync, Google Drive
        r"(?:case|selective sync|unicode encoding|whitespace) conflict",  # Dropbox
        r"in konflikt stehende kopie|konfliktkopie",
        r"copie en conflit|copia en conflicto|copia in conflitto|c[óo]pia em conflito",
    )
)
_MARKED = "|".join(
    (
        rf"[(\[][^(\[]*\b(?:{_PHRASES})\b",
        r"[(\[](?:sf)?conflict(?:ed)?(?:[ _-][^()\[\]]*\d[^()\[\]]*)?[)\]]",  # Seafile, Google Drive, pCloud
        r"\.sync-conflict-\d{8}-\d{6}",  # Syncthing
        r"[._ -]conflict-\d{8}-\d{6}",  # ownCloud and Nextcloud of old
        r"_conflict$",  # Synology Drive
        r"\.conflict\d*$",  # Resilio
        r"_conf\(\d+\)$",  # Google Drive
    )
)
_CONFLICT = re.compile(_MARKED, re.IGNORECASE)

_COMPUTER = re.compile(
    r"-(?:(?:DESKTOP|LAPTOP|WIN|PC|NOTEBOOK)-[A-Z0-9]{2,15}|(?:[A-Z0-9]+-)+(?:PC|DESKTOP|LAPTOP|NOTEBOOK|WORKSTATION))(?:-\d+)?$"
)
"""OneDrive adds the name of the computer, as Windows makes it up at its installation or people give it."""


def is_conflict_copy(name: str) -> bool:
    """Whether a file's name is one that a sync program gave to a conflicting copy."""
    stem = unicodedata.normalize("NFC", name.rpartition(".")[0])
    return bool(_CONFLICT.search(stem) or _COMPUTER.search(stem))
