"""Proofs: that results can be placed, before anything is paid for them (keeps I11), and again where something failed.

A proof holds for one life, one subfolder, and names no longer and no stranger than the one it was made for. What failed is
remembered until it works again: the root of an out folder being well says nothing of the subfolder that is not.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hotfolder.adapters import probes
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.looking import is_folder
from hotfolder.adapters.out_trouble import Meaning, away, blocked, guarded, meaning_of
from hotfolder.adapters.placing import NameRefused, Note
from hotfolder.core.image import Image
from hotfolder.core.naming import longest_name, safer_rules, unusual_characters
from hotfolder.core.safe_names import NameRules, length_bytes
from hotfolder.errors import FolderUnwritable


@dataclass(slots=True)
class _Proof:
    """What a subfolder has been proven to take: names of so many bytes, with these unusual characters."""

    length_bytes: int = 0
    characters: set[str] = field(default_factory=set)

    def covers(self, name: str) -> bool:
        is_known = self.characters.issuperset(unusual_characters(name))
        return is_known and length_bytes(name) <= self.length_bytes

    def extend(self, name: str) -> None:
        self.length_bytes = max(self.length_bytes, length_bytes(name))
        self.characters.update(unusual_characters(name))


@dataclass(slots=True)
class _Standing:
    """How it stands with one out folder, in this life. `failed`: an image of each subfolder that failed; `missing_bytes`: of
    the largest result there was no room for; `left`: probes that could not be removed."""

    proofs: defaultdict[str, _Proof] = field(default_factory=lambda: defaultdict(_Proof))
    failed: dict[str, Image] = field(default_factory=dict)
    missing_bytes: int = 0
    is_used: bool = False
    """Results were put there before: from then on it stays so."""
    left: list[Path] = field(default_factory=list)
    proving: asyncio.Lock = field(default_factory=asyncio.Lock)


class Proofs:
    """Of the out folders of all hot folders, by name. `first_rules`: how names are chosen to begin with."""

    def __init__(
        self, roots: Mapping[str, Path], ledger: LedgerThread, first_rules: NameRules, note: Note
    ) -> None:
        self._roots = roots
        self._ledger = ledger
        self._first_rules = first_rules
        self._note = note
        self._standings: defaultdict[str, _Standing] = defaultdict(_Standing)

    async def prove(self, image: Image) -> None:
        """Raise `FolderUnwritable` unless the result of this image can be placed, as far as that can be known."""
        standing, name = self._standings[image.folder], longest_name(image.path, self._first_rules)
        async with standing.proving:
            if standing.proofs[image.subfolder].covers(name):
                await self._require_still_there(image)
                return
            await self.make_root(image.folder)
            try:
                await asyncio.to_thread(self._prove, image, standing)
            except FolderUnwritable as trouble:
                self.note_trouble(image, trouble)
                raise
            standing.proofs[image.subfolder].extend(name)

    def note_trouble(self, image: Image, trouble: FolderUnwritable, size_bytes: int = 0) -> None:
        """What failed is tried again before the hold ends, and nothing proven before counts any more."""
        standing, cause = self._standings[image.folder], trouble.__cause__
        standing.proofs.clear()
        standing.failed[image.subfolder] = image
        if isinstance(cause, OSError) and meaning_of(cause) is Meaning.FULL:
            standing.missing_bytes = max(standing.missing_bytes, size_bytes)

    async def check(self, folder: str) -> None:
        """Raise `FolderUnwritable` unless the out folder can take a result now, the largest that found no room too, and
        every subfolder that failed."""
        await self.make_root(folder)
        standing, root = self._standings[folder], self._roots[folder]
        async with standing.proving:
            size_bytes = max(probes.PROBE_BYTES, standing.missing_bytes)
            await asyncio.to_thread(probes.prove_root, root, standing.left, size_bytes, self._note)
            for subfolder, image in list(standing.failed.items()):
                await self._prove_again(image, standing)
                del standing.failed[subfolder]
            standing.missing_bytes = 0

    async def _prove_again(self, image: Image, standing: _Standing) -> None:
        """Where the image would go now: it may have been moved, or need no place any more."""
        now_at = await self._ledger.call(lambda ledger: ledger.image(image.id))
        if now_at is not None and not now_at.state.is_final:
            await asyncio.to_thread(self._prove, now_at, standing)

    def _prove(self, image: Image, standing: _Standing) -> None:
        """By the first rules, and by ever safer ones where a name is refused, as it will be when it is placed."""
        root = self._roots[image.folder]
        rules: NameRules | None = self._first_rules
        first: OSError | None = None
        with guarded(root):
            require_folder(root)
            while rules is not None:
                try:
                    probes.prove_path(root, image.path, rules, standing.left, self._note)
                except NameRefused as refused:
                    first = first or refused.error
                    rules = safer_rules(image.path, rules)
                else:
                    return
            if first is not None:
                raise first

    async def _require_still_there(self, image: Image) -> None:
        """A drive may have been pulled out since the proof: that costs one look, and not a purchase."""
        root = self._roots[image.folder]
        try:
            await asyncio.to_thread(_require_root, root)
        except FolderUnwritable as trouble:
            self.note_trouble(image, trouble)
            raise

    async def make_root(self, folder: str) -> None:
        """Only an out folder that has never been used is created, and only below an existing parent (design §8)."""
        standing = self._standings[folder]
        if not standing.is_used:
            standing.is_used = await self._ledger.call(lambda ledger: ledger.out_folder_used(folder))
        await asyncio.to_thread(_make_root, self._roots[folder], standing.is_used)
        if not standing.is_used:
            await self._ledger.call(lambda ledger: ledger.note_out_folder_used(folder))
            standing.is_used = True


def require_folder(root: Path) -> None:
    if not is_folder(root):
        raise away(root)


def _require_root(root: Path) -> None:
    with guarded(root):
        require_folder(root)


def _make_root(root: Path, used: bool) -> None:
    with guarded(root):
        if is_folder(root):
            return
        if os.path.lexists(root) and not root.is_symlink():  # a link may lead to a drive that is away
            raise blocked(root)
        if used or not is_folder(root.parent):
            raise away(root)
        root.mkdir(exist_ok=True)
