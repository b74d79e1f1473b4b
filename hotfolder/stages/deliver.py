"""Deliver: the result comes down, is checked, and is put into the out folder, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from hotfolder.core.image import Image
from hotfolder.core.life import Delivered
from hotfolder.core.naming import result_extension
from hotfolder.errors import FolderUnwritable, ResultDamaged
from hotfolder.ports import Parcel, Progress, Results, Service, Target

NAMES_TRIED = 100
"""How often a name is chosen anew because a file that is not ours appeared under it in that very moment."""


async def deliver_result(
    progress: Progress, target: Target, service: Service, results: Results, now: Callable[[], float]
) -> None:
    """Bring, check against `resultContentHash`, put in place, and only then say so (keeps I3)."""
    if not await _stands_there(progress, results):
        parcel = await _bring(progress.image, target, service, results)
        try:
            await _place(progress, results, parcel)
        except Exception:
            await results.keep(progress.image, parcel)
            raise
        finally:
            await asyncio.to_thread(parcel.close)
    # Crash here: the file stands in its place, its path is in the ledger, and its hash tells that it is ours.
    image = progress.image
    path = image.result_path or ""
    await progress.record(Delivered(result_path=path, result_hash=image.result_hash, delivered_at=now()))
    # Crash here: what was kept of it is swept at the next start.
    await results.let_go(image)


async def _stands_there(progress: Progress, results: Results) -> bool:
    """Renamed into place before a crash and not yet said so, or put there by a life whose ledger was lost."""
    if await results.is_in_place(progress.image):
        return True
    found = await results.find(progress.image, _extension_of(progress.image))
    if found is not None:
        progress.adopt(found)
    return found is not None


async def _bring(image: Image, target: Target, service: Service, results: Results) -> Parcel:
    """What came down before and could not be placed, or was delivered before; else it comes down now."""
    known = await results.known(image)
    if known is not None:
        return known
    parcel = results.parcel()
    try:
        await _download(image, target, service, parcel)
    except BaseException:
        await asyncio.to_thread(parcel.close)
        raise
    return parcel


async def _download(image: Image, target: Target, service: Service, parcel: Parcel) -> None:
    await service.download(target.organization_id, image.service_path or "", parcel.write)
    if parcel.size_bytes == 0:
        raise ResultDamaged("The result came down empty.", "It is downloaded again by itself.")
    if image.result_hash is not None and image.result_hash != parcel.content_hash:
        raise ResultDamaged(
            "The result came down damaged (its hash is not the promised one).",
            "It is downloaded again by itself; if it stays, ask AutoRetouch's support about this execution.",
        )


async def _place(progress: Progress, results: Results, parcel: Parcel) -> None:
    image = replace(progress.image, result_hash=parcel.content_hash)
    for _ in range(NAMES_TRIED):
        claimed = await results.claim(image, _extension_of(image))
        progress.adopt(claimed)
        # Crash here: a name is reserved and nothing stands there yet; it is chosen again.
        if await results.place(claimed, parcel):
            return
    raise FolderUnwritable(
        f"Other files keep appearing where the result of {image.path} should go.",
        "Let no other program write results into this out folder.",
    )


def _extension_of(image: Image) -> str:
    return result_extension(image.result_type, image.result_name, image.path)
