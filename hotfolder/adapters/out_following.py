"""Results follow their sources: carries out what `core.following` plans, one rename and one record at a time (keeps I5)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from hotfolder.adapters import ledger_results, looking, placing
from hotfolder.adapters.durably import rename_to_free_name, sync_folder
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.looking import hash_of, names_in
from hotfolder.adapters.out_names import on_disk
from hotfolder.adapters.placing import NameRefused
from hotfolder.core.following import Move, plan_moves
from hotfolder.core.image import Image, State
from hotfolder.core.naming import choose_result_path, path_key, result_folder, split_extension
from hotfolder.core.safe_names import NameRules
from hotfolder.errors import FolderUnwritable, ResultInUse

log = logging.getLogger(__name__)


async def follow_sources(
    roots: Mapping[str, Path], ledger: LedgerThread, moved: Sequence[Image], rules: NameRules
) -> None:
    """`moved`: delivered images with the new paths of their sources. What cannot be moved stays; raises `LedgerUnusable`."""
    for folder in sorted({image.folder for image in moved} & roots.keys()):
        following = _Following(roots[folder], ledger, rules)
        try:
            await following.follow([image for image in moved if image.folder == folder])
        except (FolderUnwritable, ResultInUse) as trouble:
            log.info("%s: results stay under their old names. %s", folder, trouble)


class _Following:
    """The results of one hot folder on their way."""

    def __init__(self, root: Path, ledger: LedgerThread, rules: NameRules) -> None:
        self._root = root
        self._ledger = ledger
        self._rules = rules

    async def follow(self, moved: Sequence[Image]) -> None:
        ours = {image.id: image for image in await self._still_ours(moved)}
        current = {image.id: image.result_path or "" for image in ours.values()}
        wanted: dict[str, str] = {}
        taken = await self._taken(list(ours.values()))
        for image in ours.values():
            extension, images = _extension(current[image.id]), [*taken[0], *wanted.values()]
            wanted[image.id] = choose_result_path(image.path, extension, images, taken[1], rules=self._rules)
        moves = plan_moves(current, wanted, [*taken[0], *taken[1]])
        refused = [
            ours[move.image_id] for move in moves if not await self._carry_out(move, ours[move.image_id])
        ]
        if refused and self._rules < max(NameRules):
            safer = _Following(self._root, self._ledger, NameRules(self._rules + 1))
            await safer.follow(refused)

    async def _still_ours(self, moved: Sequence[Image]) -> list[Image]:
        """Those whose result stands unchanged where the ledger says, or already where a life that crashed had put it."""
        found = []
        for image in moved:
            known = await self._ledger.call(partial(_known, image.id))
            if known is None or known.state is not State.DELIVERED or not known.result_path:
                continue
            now_at = await self._where_it_is(replace(known, path=image.path))
            if known.result_hash and await self._hash_at(now_at.result_path or "") == known.result_hash:
                found.append(now_at)
        return found

    async def _where_it_is(self, image: Image) -> Image:
        """Where a life left the result that crashed between its renaming and the record of it."""
        current = image.result_path or ""
        others = await self._others(image)
        target = choose_result_path(image.path, _extension(current), others, (), rules=self._rules)
        root = self._root
        if target == current or await self._hash_at(target) != image.result_hash:
            return image
        if not await on_disk(root, lambda: looking.has_become(root / current, root / target)):
            return image
        await on_disk(root, lambda: looking.try_to_remove(root / current))
        await self._ledger.call(lambda ledger: ledger_results.note_result_path(ledger, image.id, target))
        return replace(image, result_path=target)

    async def _others(self, image: Image) -> frozenset[str]:
        """Paths that other images have in the subfolder the result is to go to."""
        folder = result_folder(image.path, self._rules)
        return await self._ledger.call(lambda ledger: ledger_results.paths_of_others(ledger, image, folder))

    async def _hash_at(self, path: str) -> str | None:
        return await on_disk(self._root, lambda: hash_of(self._root / path))

    async def _taken(self, ours: Sequence[Image]) -> tuple[list[str], list[str]]:
        """Paths that other images have, and what else stands in the subfolders that the results are to go to."""
        mine = {path_key(image.result_path or "") for image in ours}
        folders = {result_folder(image.path, self._rules) for image in ours}
        by_images: set[str] = set()
        for image in ours:
            by_images.update(path for path in await self._others(image) if path_key(path) not in mine)

        def look() -> list[str]:
            return [folder + name for folder in folders for name in names_in(self._root / folder)]

        files = [path for path in await on_disk(self._root, look) if path_key(path) not in mine]
        return sorted(by_images), files

    async def _carry_out(self, move: Move, image: Image) -> bool:
        """False when the new name was refused: a safer one may be taken."""
        if await self._hash_at(move.source) != image.result_hash:
            return True
        try:
            if not await on_disk(self._root, lambda: _rename(self._root, move)):
                return True
        except NameRefused as refused:
            log.info("%s cannot be renamed to %s (%s)", move.source, move.target, refused)
            return False
        # Crash here: the result has its new name and the ledger the old one; nothing is lost or overwritten, and when the
        # source is followed again the file is known by its bytes (`_where_it_is`).
        await self._ledger.call(lambda ledger: ledger_results.note_result_path(ledger, image.id, move.target))
        return True


def _known(image_id: str, ledger: Ledger) -> Image | None:
    return ledger.image(image_id)


def _extension(path: str) -> str:
    return split_extension(path.rpartition("/")[2])[1]


def _rename(root: Path, move: Move) -> bool:
    subfolder, _, name = move.target.rpartition("/")
    source, final = root / move.source, placing.make_folder(root, subfolder) / name
    try:
        if not rename_to_free_name(source, final):
            return False
    except OSError as error:
        raise NameRefused(error) from error
    looking.try_to_remove(source)  # where it was linked
    sync_folder(final.parent)
    return True
