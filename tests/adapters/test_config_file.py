"""config.yaml: what is right, and addresses from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.adapters.config_file import ConfigErrors, load_config, with_environment
from hotfolder.core.config import Config, Notifications
from tests.adapters.config_texts import MINIMAL, Write, two_folders, writer


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return writer(tmp_path)


def test_a_minimal_config_loads(write: Write) -> None:
    config = load_config(write(MINIMAL))
    assert config.organization is None
    assert config.folders[0].in_folder == Path("/p/in")


def test_units_are_read(write: Write) -> None:
    config = load_config(
        write(MINIMAL + "    settle: 500ms\nlimits: {upload_rate: 2MB/s}\nkeep_history: 1d\n")
    )
    assert config.folders[0].settle_s == 0.5
    assert config.limits.upload_bytes_per_s == 2_000_000
    assert config.keep_history_s == 86_400


def test_a_tilde_is_the_home_folder(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("USERPROFILE", "/home/ann")
    config = load_config(write(MINIMAL.replace("/p/in", "~/in")))
    assert config.folders[0].in_folder == Path("/home/ann/in")


def test_a_folder_that_is_not_there_is_no_mistake(write: Write, tmp_path: Path) -> None:
    load_config(write(MINIMAL.replace("/p/", f"{tmp_path}/away/")))


def test_a_key_with_nothing_after_it_counts_as_not_written(write: Write) -> None:
    config = load_config(write(MINIMAL + "    batch:\n    settle:\nlimits:\norganization:\n"))
    assert config == load_config(write(MINIMAL))


def test_off_without_quotes_is_off_where_off_is_a_choice(write: Write) -> None:
    text = MINIMAL + "    report: off\nnotifications: off\nwebhooks: {url: off, listen: off}\n"
    assert load_config(write(text)).notifications is Notifications.OFF


def test_quoted_texts_stay_texts(write: Write) -> None:
    config = load_config(write(MINIMAL.replace("w1", "'12:30'") + "    labels: {season: '2026', ok: 'no'}\n"))
    assert config.folders[0].workflow == "12:30"
    assert config.folders[0].labels == {"season": "2026", "ok": "no"}


def test_settings_are_passed_on_as_they_are(write: Write) -> None:
    config = load_config(write(MINIMAL + "    settings: {a: [1, 2.5, true, null, x], b: {'2': '010'}}\n"))
    assert config.folders[0].settings == {"a": [1, 2.5, True, None, "x"], "b": {"2": "010"}}


def test_a_byte_order_mark_and_windows_line_ends_are_fine(write: Write) -> None:
    load_config(write("\ufeff" + MINIMAL.replace("\n", "\r\n")))


def test_out_folders_may_lie_inside_each_other(write: Write) -> None:
    load_config(write(two_folders("/a", "/out", "/b", "/out/b")))


@pytest.fixture
def config(write: Write) -> Config:
    return load_config(write(MINIMAL))


def test_the_environment_overrides_the_addresses_of_the_service(config: Config) -> None:
    environ = {"AUTORETOUCH_API_URL": "http://127.0.0.1:9/", "AUTORETOUCH_AUTH_URL": ""}
    service = with_environment(config, environ).service
    assert service.api_url == "http://127.0.0.1:9"
    assert service.auth_url == config.service.auth_url


def test_a_wrong_address_in_the_environment_is_told(config: Config) -> None:
    with pytest.raises(ConfigErrors) as caught:
        with_environment(config, {"AUTORETOUCH_API_URL": "http://a.example", "AUTORETOUCH_AUTH_URL": "x"})
    assert [mistake.key for mistake in caught.value.mistakes] == [
        "AUTORETOUCH_API_URL",
        "AUTORETOUCH_AUTH_URL",
    ]
