"""Upload: the service gets the bytes that were hashed, and no others."""

from __future__ import annotations

from hotfolder.core.life import Uploaded
from hotfolder.core.naming import name_for_service
from hotfolder.errors import ServiceAway
from hotfolder.ports import Progress, Service, Sources, Target, Upload


async def upload_image(progress: Progress, target: Target, service: Service, sources: Sources) -> None:
    """Make sure that the service has the image's bytes; skipped when it says that it has.

    Uploads are idempotent and free of charge [D], so nothing is written down before.
    """
    image = progress.image
    with await sources.open_exact(image) as source:
        if not await service.has_image(target.organization_id, image.content_hash):
            upload = Upload(
                organization_id=target.organization_id,
                name=name_for_service(image.name),
                content_type=image.content_type,
                size_bytes=image.size_bytes,
                source=source,
            )
            received = await service.upload(upload)
            if received != image.content_hash:
                raise ServiceAway(
                    "AutoRetouch received other bytes than were sent.", "They are sent again by themselves."
                )
    # Crash here: uploaded twice at most, which costs nothing; HEAD says so at the next start.
    await progress.record(Uploaded())
