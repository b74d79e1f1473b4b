"""Real image files, whole, cut off, disguised and otherwise broken."""

from __future__ import annotations

import hashlib
import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

from hotfolder.adapters import image_check, image_jpeg
from hotfolder.adapters.image_check import ImageFacts, check_image, hash_file
from hotfolder.core.settling import FileStamp
from hotfolder.errors import SourceChanged, SourceVanished, UnreadableImage


def noise(width: int = 320, height: int = 240) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def encoded(image_format: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or noise()).save(buffer, image_format, **options)
    return buffer.getvalue()


def thumbnail_exif() -> bytes:
    """An EXIF block with a whole JPEG in it, as every camera writes: end mark included."""
    thumbnail = encoded("JPEG", noise(160, 120))
    ifd0 = struct.pack("<HI", 0, 14)
    ifd1 = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + ifd0 + ifd1 + thumbnail


WHOLE: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded("JPEG", quality=90),
    "progressive jpeg": lambda: encoded("JPEG", progressive=True),
    "jpeg with a thumbnail": lambda: encoded("JPEG", exif=thumbnail_exif()),
    "cmyk jpeg": lambda: encoded("JPEG", noise().convert("CMYK")),
    "mpo": lambda: encoded("MPO", save_all=True, append_images=[noise()]),
    "png": lambda: encoded("PNG"),
    "webp": lambda: encoded("WEBP", quality=90),
    "lossless webp": lambda: encoded("WEBP", lossless=True),
    "tiff": lambda: encoded("TIFF"),
    "lzw tiff": lambda: encoded("TIFF", compression="tiff_lzw"),
    "jpeg tiff": lambda: encoded("TIFF", compression="jpeg"),
    "big tiff": lambda: encoded("TIFF", big_tiff=True),
    "16 bit tiff": lambda: encoded("TIFF", Image.new("I;16", (320, 240), 7)),
}
ONE_IMAGE = [kind for kind in WHOLE if kind != "mpo"]


def content_type_of(kind: str) -> str:
    return next((f"image/{name}" for name in ("png", "webp", "tiff") if name in kind), "image/jpeg")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.jpg"


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_image_is_known_by_its_content_whatever_its_extension(kind: str, path: Path) -> None:
    content = WHOLE[kind]()
    path.write_bytes(content)
    assert check_image(path) == ImageFacts(content_type_of(kind), 320, 240, len(content))


@pytest.mark.parametrize("share", [0.03, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize("kind", ONE_IMAGE)
def test_an_image_that_is_cut_off_may_be_incomplete(kind: str, share: float, path: Path) -> None:
    content = WHOLE[kind]()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnreadableImage) as caught:
        check_image(path)
    assert caught.value.maybe_incomplete
    assert caught.value.advice


@pytest.mark.parametrize("kind", [kind for kind in ONE_IMAGE if "tiff" not in kind])
def test_an_image_with_a_tail_of_zeros_may_be_incomplete(kind: str, path: Path) -> None:
    content = WHOLE[kind]()
    arrived = int(len(content) * 0.6)
    path.write_bytes(content[:arrived] + bytes(len(content) - arrived))
    with pytest.raises(UnreadableImage) as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


@pytest.mark.parametrize("kind", WHOLE)
def test_bytes_behind_a_whole_image_do_no_harm(kind: str, path: Path) -> None:
    path.write_bytes(WHOLE[kind]() + b"\r\n")
    assert check_image(path).content_type == content_type_of(kind)


def test_of_two_images_in_a_jpeg_the_first_has_to_be_whole(path: Path) -> None:
    content = WHOLE["mpo"]()
    path.write_bytes(content[: int(len(content) * 0.6)])
    assert check_image(path).content_type == "image/jpeg"
    path.write_bytes(content[: int(len(content) * 0.4)])
    with pytest.raises(UnreadableImage):
        check_image(path)


def test_a_jpeg_with_a_film_behind_it_is_whole(path: Path) -> None:
    path.write_bytes(encoded("JPEG") + bytes(3_000_000))
    assert check_image(path).content_type == "image/jpeg"


def test_the_end_mark_of_a_jpeg_is_found_across_two_pieces(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded("JPEG")
    data_at = content.index(b"\xff\xda") + 14
    path.write_bytes(content + bytes(100_000))
    for size in (len(content) - 1 - data_at, len(content) - data_at, len(content) - 2 - data_at, 1000, 3):
        monkeypatch.setattr(image_jpeg, "PIECE_BYTES", size)
        assert check_image(path).content_type == "image/jpeg"


def test_an_empty_file_may_be_incomplete(path: Path) -> None:
    path.touch()
    with pytest.raises(UnreadableImage, match="empty") as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


def test_a_file_of_zeros_may_be_incomplete(path: Path) -> None:
    path.write_bytes(bytes(100_000))
    with pytest.raises(UnreadableImage) as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"8BPS\0\1", "Photoshop"),
        (b"GIF89a", "GIF"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
        (b"\0\0\0\x18ftypavif", "AVIF"),
        (b"\0\0\0\x18ftypisom", "video"),
        (b"<!DOCTYPE html>", "web page"),
    ],
)
def test_another_kind_of_file_is_called_by_its_name_at_once(head: bytes, what: str, path: Path) -> None:
    path.write_bytes(head + bytes(1000))
    with pytest.raises(UnreadableImage, match=what) as caught:
        check_image(path)
    assert not caught.value.maybe_incomplete
    assert "JPEG" in caught.value.advice


def png_header(width: int, height: int) -> bytes:
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"")
    chunks = (ihdr, idat, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


@pytest.mark.parametrize(
    "size", [(10_001, 10), (10, 10_001), (9_500, 10_500), (15_000, 15_000), (60_000, 60_000)]
)
def test_more_pixels_than_the_service_takes_are_refused_undecoded(size: tuple[int, int], path: Path) -> None:
    path.write_bytes(png_header(*size))
    with pytest.raises(UnreadableImage, match="too large") as caught:
        check_image(path)
    assert not caught.value.maybe_incomplete
    assert "10,000 × 10,000" in caught.value.advice


def test_the_largest_image_the_service_takes_is_taken(path: Path) -> None:
    path.write_bytes(png_header(10_000, 10_000))
    assert check_image(path).width == 10_000


@pytest.mark.parametrize(
    ("size", "scaled"), [((4096, 4096), False), ((4097, 100), True), ((100, 4097), True), ((10, 10), False)]
)
def test_an_image_the_service_will_scale_down_says_so(
    size: tuple[int, int], scaled: bool, path: Path
) -> None:
    path.write_bytes(png_header(*size))
    assert check_image(path).scaled_down is scaled


def test_a_file_without_read_rights_is_explained_and_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    for read in (check_image, hash_file):
        with pytest.raises(UnreadableImage, match="may not read") as caught:
            read(path)
        assert "read rights" in caught.value.advice
        assert caught.value.maybe_incomplete


def test_a_broken_drive_is_an_error_of_the_image(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

        def fileno(self) -> int:
            return descriptor

    path.write_bytes(encoded("JPEG"))
    with path.open("rb") as file:
        descriptor = file.fileno()
        monkeypatch.setattr(image_check, "_open", lambda _: Broken())
        for read in (check_image, hash_file):
            with pytest.raises(UnreadableImage, match="its drive reports an error"):
                read(path)


@pytest.mark.parametrize("read", [check_image, hash_file])
def test_a_file_that_is_gone_has_vanished(read: Callable[[Path], object], path: Path) -> None:
    with pytest.raises(SourceVanished):
        read(path)
    with pytest.raises(SourceVanished):
        read(path / "below")


@pytest.mark.parametrize("read", [check_image, hash_file])
def test_a_pipe_or_folder_in_its_place_is_not_waited_on(read: Callable[[Path], object], path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(SourceVanished):
        read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SourceVanished):
        read(path)


def test_a_link_is_not_followed(tmp_path: Path, path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(encoded("JPEG"))
    path.symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(UnreadableImage):
        check_image(path)


def test_the_hash_is_the_sha256_of_the_bytes(path: Path) -> None:
    content = random.Random(2).randbytes(3_000_001)
    path.write_bytes(content)
    found = path.stat()
    assert hash_file(path) == (
        hashlib.sha256(content).hexdigest(),
        FileStamp(len(content), found.st_mtime_ns),
    )


class _Meddling:
    """A file that something happens to while it is read."""

    def __init__(self, file: BinaryIO, meddle: Callable[[], object]) -> None:
        self._file = file
        self._meddle = meddle

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        if not chunk:
            self._meddle()
        return chunk

    def __enter__(self) -> _Meddling:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _exchange(path: Path) -> None:
    other = path.with_name("b.jpg")
    other.write_bytes(b"other")
    other.rename(path)


@pytest.mark.parametrize("meddle", [_append, _exchange, lambda path: os.utime(path, ns=(1, 1))])
def test_a_file_written_or_exchanged_while_it_is_hashed_has_changed(
    meddle: Callable[[Path], object], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"x" * 100)
    opened = image_check._open
    monkeypatch.setattr(image_check, "_open", lambda p: _Meddling(opened(p), lambda: meddle(path)))
    with pytest.raises(SourceChanged):
        hash_file(path)


def test_a_file_removed_while_it_is_hashed_has_vanished(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"x" * 100)
    opened = image_check._open
    monkeypatch.setattr(image_check, "_open", lambda p: _Meddling(opened(p), path.unlink))
    with pytest.raises(SourceVanished):
        hash_file(path)
