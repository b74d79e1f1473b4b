"""Upload, "do you have it?", and download."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from hotfolder.sandbox.admission import call_of, require_organization
from hotfolder.sandbox.errors import ApiError
from hotfolder.sandbox.images import StoredImage
from hotfolder.sandbox.retouch import CannotRetouch, check_image
from hotfolder.sandbox.world import World


async def upload(request: Request) -> Response:
    """Multipart `file` and, if given, `filesize` [D]; the content hash as plain text."""
    world, _ = require_organization(request)
    async with read_form(request) as form:
        image, _ = await keep_uploaded_image(world, request, form)
    return PlainTextResponse(image.content_hash, 201)


async def has_image(request: Request) -> Response:
    """HEAD: 200 the image is there, 404 it is not [D]."""
    world, _ = require_organization(request)
    content_hash = request.query_params.get("contentHash", "")
    if not content_hash:
        raise ApiError(400, "Required parameter 'contentHash' is not present")
    return Response(status_code=200 if world.images.get(content_hash) else 404)


async def download(request: Request) -> Response:
    """An image's bytes; a result only by its very name, which shows whether the client quotes it well."""
    world, _ = require_organization(request)
    content_hash, name = request.path_params["hash"], request.path_params["name"]
    image = world.images.get(content_hash)
    if image is None or (image.names and name not in image.names):
        raise ApiError(404, f"Image {content_hash}/{name} not found")
    return image_response(image)


def image_response(image: StoredImage) -> Response:
    if image.path is not None:
        return FileResponse(image.path, media_type=image.content_type)
    return Response(image.data, media_type=image.content_type)


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """The multipart form, its files on disk if they are large."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ApiError(400, "multipart/form-data is expected")
    async with request.form() as form:
        yield form


async def keep_uploaded_image(world: World, request: Request, form: FormData) -> tuple[StoredImage, str]:
    """Check the form's image and keep it; answers it with its file name."""
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise ApiError(400, "Required part 'file' is not present")
    filesize = form.get("filesize")
    if isinstance(filesize, str) and filesize != str(file.size):
        raise ApiError(400, f"filesize says {filesize} bytes, but {file.size} came")
    name = file.filename or "image"
    call = call_of(request)
    call.image_name = call.image_name or name
    refuse_by_name(world, name)
    try:
        content_type = await run_in_threadpool(check_image, file.file)
    except CannotRetouch as error:
        raise ApiError(422, f"{name}: {error}") from None
    image = await run_in_threadpool(world.images.add_file, file.file, content_type)
    call.subject = image.content_hash
    return image, name


def refuse_by_name(world: World, name: str) -> None:
    """422 for the names that are switched to be rejected."""
    if any(fnmatchcase(name, pattern) for pattern in world.switches.rejected_names):
        raise ApiError(422, f"{name}: the image cannot be processed")
