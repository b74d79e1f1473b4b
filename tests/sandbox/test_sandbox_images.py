"""Upload, HEAD and download."""

from __future__ import annotations

import hashlib
import io
import socket
from urllib.parse import quote

import pytest
from PIL import Image

from hotfolder.sandbox import ORGANIZATION_ID
from hotfolder.sandbox.images import KEPT_IN_MEMORY_BYTES
from hotfolder.sandbox.retouch import CannotRetouch, check_image, retouch
from hotfolder.sandbox.samples import write_samples
from tests.sandbox.caller import Caller, picture, wait_until

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "WEBP": "image/webp"}


@pytest.mark.parametrize("path", ["/upload", "/v1/upload"])
def test_an_upload_answers_the_sha_256_as_plain_text(caller: Caller, path: str) -> None:
    data = picture()
    answer = caller.upload(data, path=path, filesize=str(len(data)))
    assert answer.status_code == 201
    assert answer.text == hashlib.sha256(data).hexdigest()
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_head_knows_what_was_uploaded(caller: Caller) -> None:
    content_hash = caller.upload().text
    assert caller.has(content_hash) == 200
    assert caller.has("0" * 64) == 404
    params = {"organization": ORGANIZATION_ID, "contentHash": content_hash}
    assert caller.http.head("/v1/upload", params=params).status_code == 200
    assert caller.http.head("/upload", params={"organization": ORGANIZATION_ID}).status_code == 400
    caller.sandbox.world.images.forget(content_hash)
    assert caller.has(content_hash) == 404


def test_the_same_bytes_twice_are_one_image(caller: Caller) -> None:
    assert caller.upload(name="a.jpg").text == caller.upload(name="b.jpg").text
    assert len(caller.sandbox.world.images) == 1


def test_a_large_upload_comes_back_whole(caller: Caller) -> None:
    data = picture() + bytes(4 * KEPT_IN_MEMORY_BYTES)
    content_hash = caller.upload(data).text
    assert caller.get(f"/image/{content_hash}/boot.jpg").content == data
    assert caller.upload(data).text == content_hash


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_is_taken_and_retouched_by_both_recipes(kind: str) -> None:
    data = picture(kind=kind)
    assert check_image(io.BytesIO(data)) == KINDS[kind]
    for recipe, content_type in (("fast", KINDS[kind]), ("packshot", "image/png")):
        result, found = retouch(data, recipe)  # type: ignore[arg-type]
        assert found == content_type
        assert result != data
        assert result == retouch(data, recipe)[0]  # type: ignore[arg-type]
        with Image.open(io.BytesIO(result)) as image:
            assert image.size == (48, 64)
            image.load()


def test_a_very_small_image_is_retouched_too() -> None:
    assert retouch(picture(size=(1, 1)), "packshot")[1] == "image/png"


def test_a_packshot_stands_on_white_and_is_scaled_down() -> None:
    data = picture(size=(3000, 4000))
    with Image.open(io.BytesIO(retouch(data, "packshot")[0])) as image:
        assert max(image.size) == 1600
        corner, middle = image.getpixel((3, 3)), image.getpixel((image.width // 2, image.height // 2))
    assert corner == (255, 255, 255)
    assert middle != (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "only JPEG"),
        (b"no image at all", "only JPEG"),
        (b"\x89PNG\r\n\x1a\nbroken", "cannot be read"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(64), "only JPEG"),
        (picture(kind="PNG", size=(10_001, 2)), "more than"),
    ],
    ids=["empty", "text", "broken", "raw", "too-wide"],
)
def test_what_is_no_acceptable_image_is_a_422(caller: Caller, data: bytes, why: str) -> None:
    answer = caller.upload(data)
    assert answer.status_code == 422
    assert why in answer.json()["message"]


def test_a_cut_off_image_passes_the_upload_but_cannot_be_retouched() -> None:
    whole = picture(size=(400, 400), kind="TIFF")
    assert check_image(io.BytesIO(whole[:3000])) == "image/tiff"
    with pytest.raises(CannotRetouch):
        retouch(whole[:3000], "packshot")


def test_a_chosen_name_is_rejected_at_upload_and_at_create(caller: Caller) -> None:
    caller.sandbox.world.switches.rejected_names = ("bad-*",)
    assert caller.upload(name="bad-1.jpg").status_code == 422
    assert caller.create(caller.upload(name="good.jpg").text, "bad-2.jpg").status_code == 422
    assert caller.sandbox.world.executions == []


def test_a_malformed_upload_is_a_400(caller: Caller) -> None:
    params = {"organization": ORGANIZATION_ID}
    assert caller.upload(filesize="1").status_code == 400
    assert caller.http.post("/upload", params=params, json={}).status_code == 400
    assert caller.http.post("/upload", params=params, files={"other": b"x"}).status_code == 400


def test_an_upload_broken_off_by_the_client_leaves_nothing_behind(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        f"POST /upload?organization={ORGANIZATION_ID} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 100000\r\n"
        f"Authorization: {caller.http.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", caller.sandbox.port)) as connection:
        connection.sendall(head.encode() + picture())
    wait_until(lambda: caller.sandbox.world.count_calls("upload", status=400), "the upload never ended")
    assert len(caller.sandbox.world.images) == 0
    assert caplog.records == []


@pytest.mark.parametrize("name", ["a b.jpg", "50% #1.jpg", "Größe 42.jpg", "靴.jpg", "a+b&c=d?.jpg"])
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_a_result_is_found_by_its_quoted_name_and_only_by_that(
    caller: Caller, name: str, prefix: str
) -> None:
    result_path = caller.wait_for(caller.run(name))["resultPath"]
    assert result_path.endswith(f"/{name}")
    answer = caller.get(prefix + quote(result_path))
    assert hashlib.sha256(answer.content).hexdigest() == result_path.split("/")[2]
    assert caller.get(f"{prefix}{quote(result_path)}x").status_code == 404
    assert caller.get(f"{prefix}/image/{'0' * 64}/a.jpg").status_code == 404


def test_the_samples_are_good_images_and_two_bad_ones(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("samples")
    paths = list(write_samples(folder))
    good, bad = paths[:-2], paths[-2:]
    assert {path.parent.relative_to(folder).as_posix() for path in good} == {
        "Boots 224",
        "Shirts/Linen",
        "Bags",
    }
    assert {path.suffix for path in good} == {".jpg", ".JPG", ".png", ".tif", ".webp"}
    assert len(good) >= 13
    for path in good:
        with path.open("rb") as file:
            check_image(file)
    assert retouch(good[0].read_bytes(), "packshot")[1] == "image/png"
    for path in bad:
        with pytest.raises(CannotRetouch):
            retouch(path.read_bytes(), "packshot")
    assert [path.name for path in bad] == ["damaged.jpg", "IMG_0042.CR2"]
    again = list(write_samples(tmp_path_factory.mktemp("again")))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]
