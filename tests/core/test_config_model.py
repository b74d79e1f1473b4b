"""The config as values, built in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hotfolder.core.batching import BatchPer
from hotfolder.core.config import (
    SECTIONS,
    BatchConfig,
    Config,
    FolderConfig,
    LimitsConfig,
    Notifications,
    Section,
    ServiceConfig,
    Watch,
    WebhooksConfig,
)


def folder(**changes: Any) -> FolderConfig:
    values = {"name": "Packshots", "in_folder": Path("/p/in"), "out_folder": Path("/p/out"), "workflow": "w"}
    return FolderConfig(**{**values, **changes})


def test_the_defaults_are_those_of_the_design() -> None:
    config = Config(folders=(folder(),))
    only = config.folders[0]
    assert (only.settle_s, only.watch, only.rescan_s, only.priority) == (2.0, Watch.AUTO, 300.0, 0)
    assert only.batch == BatchConfig(per=BatchPer.SUBFOLDER, close_after_s=1800.0, max_images=None)
    assert (config.service.listing_lag_s, config.service.poll_s, config.service.proxy) == (30.0, 2.0, None)
    assert (config.keep_history_s, config.notifications) == (180 * 86_400, Notifications.BATCHES)
    assert set(config.limits.model_dump().values()) == {None}


def test_unit_strings_and_numbers_mean_the_same_in_python() -> None:
    assert folder(settle="500ms") == folder(settle_s=0.5)
    assert LimitsConfig.model_validate({"upload_rate": "2MB/s"}).upload_bytes_per_s == 2_000_000


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (BatchConfig, {"max_images": "unlimited"}),
        (LimitsConfig, {"uploads": "auto", "upload_rate": "unlimited"}),
        (WebhooksConfig, {"url": False, "listen": "off"}),
    ],
)
def test_the_words_for_defaults_are_values_too(section: type[Section], words: dict[str, Any]) -> None:
    assert section.model_validate(words) == section()


def test_notifications_that_yaml_reads_as_false_are_off() -> None:
    config = Config.model_validate({"folders": [folder()], "notifications": False})
    assert config.notifications is Notifications.OFF


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        folder().name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "a/b"}, "has no '/'"),
        ({"name": "  "}, "at least 1 character"),
        ({"name": "a\nb"}, "control character"),
        ({"in_folder": Path("in")}, "whole path"),
        ({"originals": "move"}, "Where should the originals move to"),
        ({"labels": {"autoretouch_batch_id": "1"}}, "sets the label autoretouch_batch_id itself"),
        ({"labels": {"hotfolder_image_id": "1"}}, "sets the label hotfolder_image_id itself"),
        ({"labels": {"client": 7}}, "valid string"),
        ({"settings": {"when": object()}}, "JSON"),
        ({"priority": True}, "valid integer"),
        ({"rescan_s": 0}, "greater than 0"),
        ({"unknown": 1}, "not permitted"),
    ],
)
def test_a_wrong_hot_folder_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        folder(**changes)


def test_originals_may_move_to_a_named_folder() -> None:
    assert folder(originals="move", originals_to=Path("/p/done")).originals_to == Path("/p/done")


def test_two_hot_folders_need_two_names() -> None:
    with pytest.raises(ValidationError, match="called 'PACKSHOTS' already"):
        Config(folders=(folder(), folder(name="PACKSHOTS")))


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1", "https://a.example"]
)
def test_the_service_is_reached_by_https_or_on_this_computer(url: str) -> None:
    assert ServiceConfig(api_url=f"{url}/").api_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "ftp://a.example",
        "a.example",
        "https://",
        "https://u:p@a.example",
        "http://[x",
        "",
        "https://a b",
    ],
)
def test_any_other_address_of_the_service_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        ServiceConfig(auth_url=url)


@pytest.mark.parametrize("listen", ["8765", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "a b:1"])
def test_webhooks_listen_on_an_address_with_a_port(listen: str) -> None:
    assert WebhooksConfig(listen="127.0.0.1:8765").listen == "127.0.0.1:8765"
    with pytest.raises(ValidationError, match="address with a port"):
        WebhooksConfig(listen=listen)


def test_every_section_is_known_by_its_place_in_the_file() -> None:
    assert set(SECTIONS.values()) == set(Section.__subclasses__())
