"""What is right by the rules of its format is taken, whatever Pillow makes of it; what is only half there is not."""

from __future__ import annotations

import io
import os
import random
import struct
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from hotfolder.adapters.image_check import check_image
from hotfolder.errors import UnreadableImage
from tests.adapters.image_files import a_tiff, noise, png_chunk, png_with, saved


def odd_tiffs() -> dict[str, bytes]:
    """Right TIFFs of which Pillow knows no mode."""
    return {
        "CMYK with alpha": a_tiff(5, bits=[8] * 5, extra=[2]),
        "CMYK of 16 bits with alpha": a_tiff(5, bits=[16] * 5, extra=[1]),
        "Lab of 16 bits": a_tiff(8, bits=[16] * 3),
        "Lab with alpha": a_tiff(8, bits=[8] * 4, extra=[1]),
        "16 bits and two channels": a_tiff(1, bits=[16, 16], extra=[2]),
        "32 bit float in colour": a_tiff(2, bits=[32] * 3, sample_format=3),
        "16 bit float": a_tiff(1, bits=[16], sample_format=3),
        "64 bit float": a_tiff(1, bits=[64], sample_format=3),
        "six inks": a_tiff(5, bits=[8] * 6),
        "bits that differ": a_tiff(2, bits=[8, 8, 8, 16], extra=[2]),
        "in planes": a_tiff(2, bits=[16] * 3, planar=2),
        "Motorola": a_tiff(8, bits=[16] * 3, order=">"),
        "BigTIFF": a_tiff(5, bits=[8] * 5, extra=[2], big=True),
        "BigTIFF of Motorola": a_tiff(2, bits=[32] * 3, sample_format=3, big=True, order=">"),
        "JPEG XL inside": a_tiff(2, bits=[8] * 3, compression=50002),
        "Zstandard": a_tiff(2, bits=[8] * 3, compression=50000),
        "LogLuv": a_tiff(32845, bits=[16] * 3, compression=34676),
        "YCbCr, deflate": a_tiff(6, bits=[8] * 3, compression=8),
    }


@pytest.mark.parametrize("kind", odd_tiffs())
def test_a_right_tiff_is_taken_whatever_it_holds(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(odd_tiffs()[kind])
    facts = check_image(path)
    assert (facts.content_type, facts.width, facts.height) == ("image/tiff", 64, 48)
    assert not facts.is_doubtful


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("kind", odd_tiffs())
def test_the_same_cut_off_is_not(kind: str, share: float, tmp_path: Path) -> None:
    path, content = tmp_path / "a.tif", odd_tiffs()[kind]
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnreadableImage) as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


def an_xmp(text: bytes) -> bytes:
    return png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0" + text))


LONG = b"Comment\0" + b"b" * 3_000_000

LARGE_PNGS: dict[str, Callable[[], bytes]] = {
    "a profile over 1 MB": lambda: png_with(
        png_chunk(b"iCCP", b"Big\0\0" + zlib.compress(random.Random(3).randbytes(1_300_000), 1))
    ),
    "a profile that unpacks to 70 MB": lambda: png_with(
        png_chunk(b"iCCP", b"P\0\0" + zlib.compress(bytes(70_000_000), 1))
    ),
    "XMP over 1 MB": lambda: an_xmp(b"\0\0\0\0" + b"<x>" + b"a" * 2_000_000 + b"</x>"),
    "XMP that unpacks to 80 MB": lambda: an_xmp(b"\1\0\0\0" + zlib.compress(b"a" * 80_000_000, 1)),
    "a text over 1 MB": lambda: png_with(png_chunk(b"tEXt", LONG)),
    "many texts": lambda: png_with(png_chunk(b"tEXt", LONG) * 30),
    "a wrong checksum of a text": lambda: png_with(png_chunk(b"tEXt", b"Comment\0x")[:-1] + b"\0"),
    "100 KB behind IEND": lambda: png_with(b"") + bytes(100_000),
    "3 MB behind IEND": lambda: png_with(b"") + random.Random(5).randbytes(3_000_000),
    "16 bits": lambda: saved("PNG", Image.new("I;16", (64, 48), 7)),
}
"""Right PNGs, most of them beyond Pillow's limits."""


@pytest.mark.parametrize("kind", LARGE_PNGS)
def test_a_right_png_is_taken_however_much_it_carries(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(LARGE_PNGS[kind]())
    facts = check_image(path)
    assert (facts.content_type, facts.width, facts.height) == ("image/png", 64, 48)


def test_what_stands_behind_the_end_of_a_webp_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(saved("WEBP") + random.Random(6).randbytes(200_000))
    assert check_image(path).content_type == "image/webp"
    with_metadata = saved("WEBP", xmp=b"<x>" + b" " * 2_000_000 + b"</x>", exif=b"Exif\0\0" + bytes(20_000))
    path.write_bytes(with_metadata)
    assert check_image(path).width == 64


def with_its_height_behind(content: bytes) -> bytes:
    """A JPEG whose frame has no height: it comes in a segment of its own behind the first scan (T.81, B.2.5)."""
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + b"\0\0" + content[at + 2 : -2] + b"\xff\xdc\0\4\0\x30" + content[-2:]


JPEGS: dict[str, Callable[[], bytes]] = {
    "its height behind the scan": lambda: with_its_height_behind(saved("JPEG")),
    "bytes between its segments": lambda: saved("JPEG")[:20] + bytes(300) + saved("JPEG")[20:],
    "fill bytes": lambda: saved("JPEG")[:2] + b"\xff" * 50 + saved("JPEG")[2:],
    "a profile of 3 MB": lambda: saved("JPEG", icc_profile=random.Random(2).randbytes(3_000_000)),
    "10 MB behind it": lambda: saved("JPEG") + random.Random(1).randbytes(10_000_000),
    "restarts": lambda: saved("JPEG", restart_marker_blocks=1),
    "progressive": lambda: saved("JPEG", progressive=True),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_a_right_jpeg_is_taken(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEGS[kind]())
    facts = check_image(path)
    assert (facts.content_type, facts.width, facts.height) == ("image/jpeg", 64, 48)


# -- only half there


def half_filled(content: bytes, share: float = 0.5, blank: bytes = b"\0") -> bytes:
    """As it looks when the whole size was reserved, and only so much has been written."""
    arrived = int(len(content) * share)
    return content[:arrived] + blank * (len(content) - arrived)


@pytest.mark.parametrize("compression", [5, 7, 8, 32946, 32773, 34925, 50000, 50001])
@pytest.mark.parametrize("blocks", ["strips", "tiles"])
def test_a_compressed_tiff_of_which_a_part_is_zeros_may_be_incomplete(
    compression: int, blocks: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    whole = a_tiff(2, bits=[8] * 3, compression=compression, tiles=blocks == "tiles")
    path.write_bytes(whole)
    assert check_image(path).width == 64
    path.write_bytes(half_filled(whole))
    with pytest.raises(UnreadableImage, match="cut off") as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


def test_every_page_of_a_tiff_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [noise((64, 48), seed) for seed in range(4)]
    whole = saved("TIFF", pages[0], save_all=True, append_images=pages[1:], compression="tiff_lzw")
    path.write_bytes(whole)
    assert check_image(path).width == 64
    for share in (0.4, 0.7, 0.95):
        for content in (half_filled(whole, share), whole[: int(len(whole) * share)]):
            path.write_bytes(content)
            with pytest.raises(UnreadableImage) as caught:
                check_image(path)
            assert caught.value.maybe_incomplete


def test_an_uncompressed_tiff_that_ends_black_is_doubtful_for_a_minute(tmp_path: Path) -> None:
    """It may be black, or not written yet."""
    path = tmp_path / "a.tif"
    whole = a_tiff(2, bits=[8] * 3)
    path.write_bytes(half_filled(whole))
    assert check_image(path).is_doubtful
    path.write_bytes(whole)
    assert not check_image(path).is_doubtful


def test_a_file_that_was_reserved_and_not_filled_is_doubtful(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    content = saved("JPEG", noise((640, 480)), quality=100)
    at = content.index(b"\xff\xda") + 14
    with path.open("wb") as file:
        file.truncate(len(content) + 5_000_000)
        file.write(content[:at])
        file.seek(at + 5_000_000)
        file.write(content[at:])
    os.sync()
    assert check_image(path).is_doubtful


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.98])
def test_a_picture_that_is_reserved_and_filled_in_part_may_be_incomplete(
    kind: str, share: float, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(half_filled(saved(kind, noise((640, 480))), share))
    with pytest.raises(UnreadableImage) as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


def test_a_png_with_a_hole_in_its_middle_may_be_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    content = saved("PNG", noise((640, 480)))
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(8192) + content[middle + 8192 :])
    with pytest.raises(UnreadableImage) as caught:
        check_image(path)
    assert caught.value.maybe_incomplete


# -- hostile


def circle_of_pages() -> bytes:
    head = b"II*\0" + struct.pack("<I", 8)
    return head + struct.pack("<HHHII", 1, 256, 3, 1, 64) + struct.pack("<I", 8) + bytes(64)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a million tiny chunks": lambda: png_with(png_chunk(b"tEXt", b"") * 1_000_000),
    "a million tiny segments": lambda: b"\xff\xd8" + b"\xff\xe1\0\2" * 1_000_000,
    "nothing but fill bytes": lambda: b"\xff\xd8" + b"\xff" * 20_000_000,
    "scans without end": lambda: saved("JPEG")[:-2] + b"\xff\xda\0\2" * 2_000_000,
    "markers without end": lambda: saved("JPEG")[:-2] + b"\xff\x01" * 5_000_000,
    "pages in a circle": circle_of_pages,
    "a billion strips": lambda: (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", 4)
        + struct.pack("<HHII", 256, 3, 1, 64)
        + struct.pack("<HHII", 257, 3, 1, 64)
        + struct.pack("<HHII", 273, 4, 1_000_000_000, 8)
        + struct.pack("<HHII", 279, 4, 1_000_000_000, 8)
        + bytes(30_000_000)
    ),
    "chunks of nothing in a webp": lambda: (
        b"RIFF"
        + struct.pack("<I", 20_000_022)
        + b"WEBPVP8X\x0a\0\0\0"
        + bytes(10)
        + b"abcd\0\0\0\0" * 2_500_000
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_header_costs_no_time(kind: str, tmp_path: Path) -> None:
    """CPU seconds, since the machine may be busy: 0.5 of them, with a wide margin."""
    path = tmp_path / "a.jpg"
    path.write_bytes(HOSTILE[kind]())
    before = time.process_time()
    with suppress(UnreadableImage):
        check_image(path)
    assert time.process_time() - before < 3.0


def test_many_strips_are_looked_at_in_no_time(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    buffer = io.BytesIO()
    noise((10, 9_000)).save(buffer, "TIFF", compression="tiff_lzw", strip_size=30)
    path.write_bytes(buffer.getvalue())
    before = time.process_time()
    assert check_image(path).height == 9_000
    assert time.process_time() - before < 3.0
