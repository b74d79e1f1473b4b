"""Which name a result gets: one that nobody else has, claimed in the ledger before anything stands there (keeps I5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hotfolder.adapters import ledger_results
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.looking import hash_of, names_in
from hotfolder.adapters.out_proofs import require_folder
from hotfolder.adapters.out_trouble import guarded, unwritable
from hotfolder.core.image import Image, State
from hotfolder.core.naming import (
    choose_result_path,
    path_key,
    result_candidates,
    result_folder,
    safer_rules,
)
from hotfolder.core.safe_names import NameRules

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """A result of ours that stands unchanged in the out folder, of an earlier version of the same source. It may have been
    placed a moment before a crash, and its delivery not be recorded."""

    result_path: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A result's name was refused: the rules to choose the next one by, and what was said at first."""

    rules: NameRules
    first: OSError


class OutNames:
    """For the out folders of all hot folders, by name."""

    def __init__(self, roots: Mapping[str, Path], ledger: LedgerThread, first_rules: NameRules) -> None:
        self._roots = roots
        self._ledger = ledger
        self._first_rules = first_rules
        self._replaceable: dict[str, Version] = {}
        self._refusals: dict[str, _Refusal] = {}

    # --- what stands there already ----------------------------------------------------------------

    async def find(self, image: Image, extension: str) -> Image | None:
        """The image with the path claimed at which its very result stands already, though no ledger says so: it was lost,
        or the result was put there from another home."""
        rules: NameRules | None = self._first_rules
        while rules is not None and image.result_hash is not None:
            path = await self._found(image, extension, rules)
            if path is not None and await self._claim_exactly(image, path):
                return replace(image, result_path=path)
            rules = safer_rules(image.path, rules)
        return None

    async def _claim_exactly(self, image: Image, path: str) -> bool:
        return await self._ledger.call(lambda ledger: ledger_results.claim_exactly(ledger, image, path))

    async def _found(self, image: Image, extension: str, rules: NameRules) -> str | None:
        """The first of the names this result could have under which its bytes stand; none behind a free one."""
        prefix, root = result_folder(image.path, rules), self._roots[image.folder]
        others = await self._ledger.call(lambda ledger: ledger_results.paths_of_others(ledger, image, prefix))
        keys = {path_key(path) for path in others}

        def look() -> str | None:
            there = {path_key(prefix + name) for name in names_in(root / prefix)}
            for candidate in result_candidates(image.path, extension, others, rules=rules):
                if path_key(candidate) in keys:
                    continue
                if path_key(candidate) not in there:
                    return None
                if hash_of(root / candidate) == image.result_hash:
                    return candidate
            return None

        return await on_disk(root, look)

    # --- a name of its own ------------------------------------------------------------------------

    async def claim(self, image: Image, extension: str) -> Image:
        """Reserve a name that nobody else has: no other image, and no file that is not ours. The source may have been
        moved while its result came down: what counts is where the ledger says it is now."""
        now_at = await self._ledger.call(lambda ledger: ledger.image(image.id))
        image = image if now_at is None else replace(image, path=now_at.path, detected_at=now_at.detected_at)
        refusal, root = self._refusals.get(image.id), self._roots[image.folder]
        rules = refusal.rules if refusal else self._first_rules
        prefix = result_folder(image.path, rules)
        versions = await self._ledger.call(lambda ledger: _other_versions(ledger, image))
        earlier = _delivered_before(image, versions)
        taken, ours = await on_disk(root, lambda: _look(root, prefix, earlier))
        claimed_by_versions = [
            v.result_path
            for v in versions
            if v.result_path and v.state is not State.DELIVERED and v.detected_at >= image.detected_at
        ]
        of_this_source = {path_key(v.result_path) for v in versions if v.result_path}

        def choose(taken_by_images: frozenset[str]) -> str:
            free = {path_key(version.result_path) for version in ours}
            images = [path for path in taken_by_images if path_key(path) not in of_this_source]
            files = [path for path in (*taken, *claimed_by_versions) if path_key(path) not in free]
            return choose_result_path(image.path, extension, images, files, rules=rules)

        claimed = await self._ledger.call(lambda ledger: ledger.claim_result(image, choose, prefix))
        self._remember_replaceable(claimed, ours)
        return claimed

    def _remember_replaceable(self, claimed: Image, ours: list[Version]) -> None:
        self._replaceable.pop(claimed.id, None)
        for version in ours:
            if version.result_path == claimed.result_path:
                self._replaceable[claimed.id] = version

    def take_replaceable(self, image: Image) -> Version | None:
        """What the image's result may take the place of, asked once after each claim."""
        return self._replaceable.pop(image.id, None)

    # --- names that are refused -------------------------------------------------------------------

    def choose_safer(self, image: Image, error: OSError) -> None:
        """The name claimed last was refused: the next claim is by safer rules. Raises `FolderUnwritable` where there are
        none: then it was not the name, and what was said at first is the folder's trouble."""
        refusal = self._refusals.pop(image.id, None) or _Refusal(self._first_rules, error)
        safer = safer_rules(image.path, refusal.rules)
        if safer is None:
            raise unwritable(self._roots[image.folder], refusal.first) from refusal.first
        self._refusals[image.id] = _Refusal(safer, refusal.first)

    def forget_refusal(self, image: Image) -> None:
        self._refusals.pop(image.id, None)


async def on_disk(root: Path, work: Callable[[], T]) -> T:
    """Do it in a thread; what the system says of the out folder is told in our words."""

    def guarded_work() -> T:
        with guarded(root):
            return work()

    return await asyncio.to_thread(guarded_work)


def _look(root: Path, prefix: str, earlier: list[Version]) -> tuple[list[str], list[Version]]:
    """What stands in the result's subfolder, and which of it is an unchanged earlier result of the same source."""
    require_folder(root)
    names = [prefix + name for name in names_in(root / prefix)]
    ours = [v for v in earlier if hash_of(root / v.result_path) == v.content_hash]
    return names, ours


def _other_versions(ledger: Ledger, image: Image) -> list[Image]:
    """The images of the same source with other contents."""
    return [other for other in ledger.images(image.folder, path=image.path) if other.id != image.id]


def _delivered_before(image: Image, versions: list[Image]) -> list[Version]:
    return [
        Version(other.result_path, other.result_hash)
        for other in versions
        if other.state in (State.DELIVERED, State.FINISHED) and other.detected_at < image.detected_at
        if other.result_path and other.result_hash
    ]
