"""The out folders: where a result is put whole, checked, and never over a file that is not ours (keeps I3, I5).

The parts: `placing` puts one file in its place, `out_names` chooses the place, `out_proofs` proves it before anything is
paid, `out_trouble` says what the system's errors mean, `kept_results` keeps what could not be placed yet.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from hotfolder.adapters import ledger_results, looking, placing
from hotfolder.adapters.durably import sync_folder
from hotfolder.adapters.kept_results import KeptResults
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.looking import hash_of
from hotfolder.adapters.out_following import follow_sources
from hotfolder.adapters.out_names import OutNames, Version, on_disk
from hotfolder.adapters.out_proofs import Proofs, require_folder
from hotfolder.adapters.placing import NameRefused
from hotfolder.adapters.spool import Spool, SpoolParcel
from hotfolder.core.image import Image
from hotfolder.core.naming import is_part_name, path_key, result_candidates
from hotfolder.core.safe_names import NameRules
from hotfolder.errors import FolderUnwritable, ResultInUse
from hotfolder.ports import Parcel

FIRST_RULES = NameRules.SAFE if os.name == "nt" else NameRules.PLAIN
"""On Windows a colon in a name is no error: it makes a stream inside another file."""


class Standing(Enum):
    """What has become of a delivered result."""

    THERE = "there, unchanged"
    CHANGED = "changed by somebody"
    GONE = "gone"


class OutFolders:
    """Implements `ports.Results` for the hot folders' roots, by name."""

    def __init__(
        self,
        roots: Mapping[str, Path],
        spool: Spool,
        ledger: LedgerThread,
        note: placing.Note = placing.unnoted,
    ) -> None:
        self._roots = roots
        self._note = note
        self._spool = spool
        self._ledger = ledger
        self._kept = KeptResults(spool.folder)
        self._names = OutNames(roots, ledger, FIRST_RULES)
        self._proofs = Proofs(roots, ledger, FIRST_RULES, note)
        self._leaving: dict[str, tuple[str, str]] = {}
        """By image: the hot folder and the path of a result that is about to take another name."""

    # --- before anything is paid ------------------------------------------------------------------

    async def prove(self, image: Image) -> None:
        """Prove that the result of this image can be placed (keeps I11): once for each subfolder and kind of name, and
        anew after something failed there."""
        await self._proofs.prove(image)

    async def check(self, folder: str) -> None:
        """Raise `FolderUnwritable` unless the out folder can take a result now, and all that failed works again."""
        await self._proofs.check(folder)

    # --- the bytes --------------------------------------------------------------------------------

    def parcel(self) -> SpoolParcel:
        return self._spool.parcel()

    async def known(self, image: Image) -> SpoolParcel | None:
        kept = await asyncio.to_thread(self._kept.parcel, image.id, image.result_hash)
        return kept if kept is not None or image.result_hash is None else await self._copied(image)

    async def _copied(self, image: Image) -> SpoolParcel | None:
        """From an unchanged result of the same bytes that was delivered before, in whichever hot folder."""
        same = await self._ledger.call(lambda ledger: ledger_results.with_result(ledger, image, self._roots))
        paths = [self._roots[other.folder] / (other.result_path or "") for other in same]
        return await asyncio.to_thread(self._copy_of_first, paths, image.result_hash)

    def _copy_of_first(self, paths: Sequence[Path], result_hash: str | None) -> SpoolParcel | None:
        """Of the first of these files that is the result."""
        for path in paths:
            parcel, is_ours = self.parcel(), False
            try:
                is_ours = looking.copied(path, parcel) and parcel.content_hash == result_hash
            finally:
                if not is_ours:
                    parcel.close()
            if is_ours:
                return parcel
        return None

    async def keep(self, image: Image, parcel: Parcel) -> None:
        assert isinstance(parcel, SpoolParcel)
        await asyncio.to_thread(self._kept.keep, image.id, parcel)

    async def let_go(self, image: Image) -> None:
        await asyncio.to_thread(self._kept.let_go, image.id)

    # --- the place --------------------------------------------------------------------------------

    async def is_in_place(self, image: Image) -> bool:
        if image.result_path is None or image.result_hash is None:
            return False
        root, path = self._roots[image.folder], self._roots[image.folder] / image.result_path
        if await on_disk(root, lambda: hash_of(path)) != image.result_hash:
            return False
        await on_disk(root, lambda: sync_folder(path.parent))
        await self._supersede(image)
        return True

    async def find(self, image: Image, extension: str) -> Image | None:
        await self._proofs.make_root(image.folder)  # before anything is fetched for a folder that is away
        return await self._names.find(image, extension)

    async def claim(self, image: Image, extension: str) -> Image:
        self._require_free_soon(image, extension)
        try:
            await self._proofs.make_root(image.folder)
            return await self._names.claim(image, extension)
        except FolderUnwritable as trouble:
            self._proofs.note_trouble(image, trouble)
            raise

    async def place(self, image: Image, parcel: Parcel) -> bool:
        assert isinstance(parcel, SpoolParcel)
        replaced = self._names.take_replaceable(image)
        try:
            placed = await self._put(image, parcel, replaced)
        except FolderUnwritable as trouble:
            self._names.forget_refusal(image)
            self._proofs.note_trouble(image, trouble, parcel.size_bytes)
            raise
        if placed:
            self._names.forget_refusal(image)
            # Crash here: the earlier version seems to have the place, too; repaired when this image is found in it.
            await self._supersede(image)
        return placed

    async def _put(self, image: Image, parcel: SpoolParcel, replaced: Version | None) -> bool:
        root = self._roots[image.folder]
        try:
            return await on_disk(
                root, lambda: _place(root, image.result_path or "", parcel, replaced, self._note)
            )
        except NameRefused as refused:
            self._names.choose_safer(image, refused.error)
            return False

    async def _supersede(self, image: Image) -> None:
        await self._ledger.call(lambda ledger: ledger_results.supersede(ledger, image))

    # --- results that follow their sources --------------------------------------------------------

    async def standing(self, image: Image) -> Standing:
        """What has become of the result of a delivered image. Raises `FolderUnwritable` where nobody can tell."""
        root = self._roots[image.folder]
        path = root / (image.result_path or "")
        await on_disk(root, lambda: require_folder(root))
        if await on_disk(root, lambda: hash_of(path)) == image.result_hash:
            return Standing.THERE
        is_there = await on_disk(root, lambda: os.path.lexists(path))
        return Standing.CHANGED if is_there else Standing.GONE

    def will_follow(self, image: Image) -> None:
        """The result of this image is about to take another name: what wants its place waits for that."""
        self._leaving[image.id] = (image.folder, path_key(image.result_path or ""))

    async def follow(self, moved: Sequence[Image]) -> None:
        """The sources of these delivered images were renamed, and each has its new path here: their unchanged results take
        the names that go with it. What cannot be moved stays where it is. May be called again after a crash."""
        try:
            await follow_sources(self._roots, self._ledger, moved, FIRST_RULES)
        finally:
            for image in moved:
                self._leaving.pop(image.id, None)

    def _require_free_soon(self, image: Image, extension: str) -> None:
        first = next(result_candidates(image.path, extension, (), rules=FIRST_RULES))
        if (image.folder, path_key(first)) in self._leaving.values():
            raise ResultInUse(
                f"The result of another picture is about to make room for that of {image.path}.",
                "Nothing to do: it goes on by itself.",
            )

    def sweep(self) -> None:
        """Remove the part files an earlier life left behind (keeps I10)."""
        for root in self._roots.values():
            for folder, _, names in os.walk(root):
                for name in filter(is_part_name, names):
                    looking.try_to_remove(Path(folder) / name)


def _place(
    root: Path, result_path: str, parcel: SpoolParcel, replaced: Version | None, note: placing.Note
) -> bool:
    """A part file in the same folder, then its name: over an earlier version of the same source that is unchanged since,
    over nothing else."""
    require_folder(root)
    subfolder, _, name = result_path.rpartition("/")
    final = placing.make_folder(root, subfolder) / name
    parcel.file.seek(0)
    with placing.part_in(final.parent, parcel.file, parcel.size_bytes, note) as part:
        replacing = replaced is not None and hash_of(final) == replaced.content_hash
        return placing.give_name(part, final, replacing=replacing)
