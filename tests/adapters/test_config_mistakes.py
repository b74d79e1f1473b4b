"""Every mistake of a config.yaml is told at once, with its line, its key and an advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.adapters.config_file import ConfigErrors, load_config
from hotfolder.errors import ConfigError, ExitCode
from tests.adapters.config_texts import MINIMAL, Write, told, two_folders, writer


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return writer(tmp_path)


def test_all_mistakes_are_told_at_once_with_line_key_and_advice(write: Write) -> None:
    text = MINIMAL + "    settle: soon\n    setle: 2s\n    watch: never\nbudget: {per_day: -1}\nspeed: 3\n"
    with pytest.raises(ConfigErrors) as caught:
        load_config(write(text))
    assert str(caught.value).splitlines() == [
        "config.yaml has 5 mistakes:",
        "  line 6, folders[0].settle: 'soon' is not a duration. Write for example 2s, 30m or 24h.",
        "  line 7, folders[0].setle: There is no key 'setle' here. Did you mean settle?",
        "  line 8, folders[0].watch: never is none of the choices. Write auto, events or polling.",
        "  line 9, budget.per_day: -1 is too small. Write at least 0.",
        "  line 10, speed: There is no key 'speed' here. Known here: organization, folders, limits, budget, "
        "webhooks, service, keep_history, notifications.",
    ]


def test_a_config_error_needs_the_person_and_ends_with_2(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write("folders: []"))
    assert caught.value.exit_code == ExitCode.USAGE
    assert str(caught.value).startswith("config.yaml has 1 mistake:\n  line 1, folders: ")


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        (
            "    settle: 12:30",
            "settle: YAML reads 12:30 as the number 750. Write 12m or 30s, one number and its unit.",
        ),
        ("    settle: 2", "settle: 2 has no unit. Write 2s or 2m or 2h."),
        ("    settle: yes", "settle: yes is not a duration. Write for example 2s, 30m or 24h."),
        ("    settle: [2s]", "settle: What stands here is not a duration. Write for example 2s, 30m or 24h."),
        ("    rescan: 0s", "rescan: 0s is too small. Write more than 0."),
        (
            "    workflow_version: 1_000",
            "workflow_version: YAML reads 1_000 as the number 1000. Put it in quotes: '1_000'",
        ),
        (
            "    labels: {season: 2026-11-24}",
            "labels.season: YAML reads 2026-11-24 as a date. Put it in quotes: '2026-11-24'",
        ),
        ("    labels: {ok: no}", "labels.ok: YAML reads no as false. Put it in quotes: 'no'"),
        ("    labels: {on: x}", "labels.on: YAML reads on as true. Put it in quotes: 'on'"),
        (
            "    labels: {a: 1.0e+3}",
            "labels.a: YAML reads 1.0e+3 as the number 1000.0. Put it in quotes: '1.0e+3'",
        ),
        ("    labels: {client: }", "labels.client: YAML reads this as nothing. Put it in quotes: ''"),
        (
            "    labels: [a]",
            "labels: What stands here stands where keys should. Write keys below it, indented: client: Miller",
        ),
        (
            "    labels: {autoretouch_batch_name: x}",
            "labels.autoretouch_batch_name: hotfolder sets the label autoretouch_batch_name itself. "
            "Choose another name for it.",
        ),
        (
            "    settings: {a: [no]}",
            "settings.a[0]: YAML reads no as false. Write false if that is meant, or put it in quotes: 'no'",
        ),
        (
            "    settings: {a: 010}",
            "settings.a: YAML reads 010 as the number 8. Write 8 if that is meant, or put it in quotes: '010'",
        ),
        (
            "    settings: {a: 2026-11-24}",
            "settings.a: YAML reads 2026-11-24 as a date. Put it in quotes: '2026-11-24'",
        ),
        (
            "    settings: {a: .nan}",
            "settings.a: YAML reads .nan as the number nan. Put it in quotes: '.nan'",
        ),
        (
            "    priority: 010",
            "priority: YAML reads 010 as the number 8. Write 8 if that is meant, or put it in quotes: '010'",
        ),
        ("    priority: 1e3", "priority: 1e3 is not a whole number. Write digits only, for example 4."),
        ("    report: maybe", "report: maybe is neither on nor off. Write on or off, without quotes."),
        ("    watch: on", "watch: on is none of the choices. Write auto, events or polling."),
        (
            "    ignore: '*.tmp'",
            "ignore: '*.tmp' is not a list. Write one entry a line, each beginning with '- '.",
        ),
        (
            "    ignore: [*.tmp]",
            "ignore[0]: * at the start has a meaning of its own in YAML. Put it in quotes: '*.tmp'",
        ),
        (
            "    ignore: [*tmp]",
            "ignore[0]: * at the start has a meaning of its own in YAML. Put it in quotes: '*tmp'",
        ),
        (
            "    ignore: [!keep.jpg ]",
            "ignore[0]: ! at the start has a meaning of its own in YAML. Write it in quotes: '!keep.jpg'",
        ),
        ("    batch: day", "batch: day stands where keys should. Write keys below it, indented: per: …"),
        (
            "    close_after: 5m",
            "close_after: There is no key 'close_after' here. It belongs below batch:.",
        ),
        ("    settle_s: 5", "settle_s: There is no key 'settle_s' here. Did you mean settle?"),
        (
            "    originals: move",
            "originals: Where should the originals move to? Add a line originals_to: with the folder.",
        ),
        (
            "    labels: {a: 2026-13-45}",
            "labels.a: YAML takes this for a number, a date or a sign, and it is none. "
            "Put it in quotes: '2026-13-45'",
        ),
    ],
)
def test_a_mistake_in_a_hot_folder_is_explained(write: Write, addition: str, expected: str) -> None:
    assert told(write(MINIMAL + addition + "\n")) == [f"line 6, folders[0].{expected}"]


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        (
            "service: {api_url: 'http://a.example'}",
            "service.api_url: Over http the sign-in would travel in the clear. Write https://a.example",
        ),
        (
            "service: {proxy: proxy:3128}",
            "service.proxy: 'proxy:3128' is not an http(s) URL. Write for example https://api.autoretouch.com",
        ),
        ("limits: {upload_rate: 2}", "limits.upload_rate: 2 has no unit. Write 2kB/s or 2MB/s."),
        ("limits: {uploads: 100}", "limits.uploads: 100 is too large. Write at most 64."),
        (
            "organization: 12:30",
            "organization: YAML reads 12:30 as the number 750. Put it in quotes: '12:30'",
        ),
        ("organization: ''", "organization: It is empty. Write a text, or leave the line out."),
        (
            "organization: [a]",
            "organization: Here should be one text. Write it after the ':' on the same line.",
        ),
        ("settle: 2s", "settle: There is no key 'settle' here. It belongs below folders:."),
        ("? [a]\n: 1", "A key must be a word. Write it as 'key: value'."),
    ],
)
def test_a_mistake_outside_of_the_hot_folders_is_explained(
    write: Write, addition: str, expected: str
) -> None:
    separator = ": " if expected.startswith("A key") else ", "
    assert told(write(MINIMAL + addition + "\n")) == [f"line 6{separator}{expected}"]


def test_what_is_missing_is_named_with_an_example(write: Write) -> None:
    assert told(write("folders:\n- name: A\n  in: /p/in\n  out:\n")) == [
        "line 2, folders[0].workflow: workflow is missing. "
        "Add for example workflow: 6afcab7d-da51-4dd1-847a-3c1ccd39cd68",
        "line 4, folders[0].out: out is missing. Add for example out: ~/Pictures/Packshots/out",
    ]
    assert told(write("organization: A\n")) == [
        "line 1, folders: folders is missing. Add for example folders:, and below it '- name: …'"
    ]


def test_every_doubled_key_is_told_with_both_lines(write: Write) -> None:
    text = MINIMAL + "    settle: soon\n    settle: 3s\n    'in': /q\nlimits: {}\nlimits: {}\n"
    assert told(write(text)) == [
        "line 6, folders[0].settle: 'soon' is not a duration. Write for example 2s, 30m or 24h.",
        "line 7, folders[0].settle: This key stands in line 6 already. Keep one.",
        "line 8, folders[0].in: This key stands in line 3 already. Keep one.",
        "line 10, limits: This key stands in line 9 already. Keep one.",
    ]


def test_two_hot_folders_of_one_name_are_told_even_beside_other_mistakes(write: Write) -> None:
    text = two_folders("/a", "/b", "/c", "/d").replace("name: B", "settle: x, name: a")
    assert told(write(text)) == [
        "line 3, folders[1].name: Another hot folder is called 'A' already. See line 2. Give each its own name.",
        "line 3, folders[1].settle: 'x' is not a duration. Write for example 2s, 30m or 24h.",
    ]
