"""The Run key, behind a registry with winreg's contract."""

from __future__ import annotations

from typing import Any, Self

import pytest

from hotfolder.adapters.login_items.windows_run_key import APPROVED, LONGEST_LINE, RUN, RunKey
from hotfolder.core.login_item import LoginCommand
from hotfolder.errors import HotfolderError

COMMAND = LoginCommand((r"C:\Users\Ann Lee\venv\Scripts\hotfolderw.exe",), home="D:\\hot folder\\")


class FakeRegistry:
    """winreg as far as it is used: handles are context managers and know what they may; what is not there is a
    `FileNotFoundError`, what may not be a `PermissionError`."""

    HKEY_CURRENT_USER, KEY_READ, KEY_SET_VALUE, REG_SZ = 1, 0x20019, 0x0002, 1

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, tuple[Any, int]]] = {}
        self.is_forbidden = False

    def OpenKey(self, key: Any, sub_key: str, reserved: int = 0, access: int = 0x20019, /) -> Handle:  # noqa: N802
        assert (key, reserved) == (self.HKEY_CURRENT_USER, 0)
        if sub_key not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return Handle(self.keys[sub_key], access)

    def CreateKeyEx(self, key: Any, sub_key: str, reserved: int = 0, access: int = 0x20006, /) -> Handle:  # noqa: N802
        if self.is_forbidden:
            raise PermissionError(13, "Access is denied")
        self.keys.setdefault(sub_key, {})
        return self.OpenKey(key, sub_key, reserved, access)

    def QueryValueEx(self, key: Handle, name: str, /) -> tuple[Any, int]:  # noqa: N802
        return key.used_for(self.KEY_READ)[name]

    def SetValueEx(self, key: Handle, name: str, reserved: int, kind: int, value: Any, /) -> None:  # noqa: N802
        assert (reserved, kind, type(value)) == (0, self.REG_SZ, str)
        key.used_for(self.KEY_SET_VALUE)[name] = (value, kind)

    def DeleteValue(self, key: Handle, name: str, /) -> None:  # noqa: N802
        del key.used_for(self.KEY_SET_VALUE)[name]


class Handle:
    def __init__(self, values: dict[str, tuple[Any, int]], access: int) -> None:
        self._values, self._access, self._is_open = values, access, False

    def used_for(self, access: int) -> LikeWinreg:
        assert self._is_open
        if self._access & access != access:
            raise PermissionError(13, "Access is denied")
        return LikeWinreg(self._values)

    def __enter__(self) -> Self:
        self._is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False


class LikeWinreg:
    """Values whose absence is a `FileNotFoundError`."""

    def __init__(self, values: dict[str, tuple[Any, int]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> tuple[Any, int]:
        self._must_be_there(name)
        return self._values[name]

    def __setitem__(self, name: str, value: tuple[Any, int]) -> None:
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        self._must_be_there(name)
        del self._values[name]

    def _must_be_there(self, name: str) -> None:
        if name not in self._values:
            raise FileNotFoundError(2, "The system cannot find the file specified")


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def run_key(registry: FakeRegistry) -> RunKey:
    return RunKey(registry)


def test_the_value_is_a_quoted_command_line(registry: FakeRegistry, run_key: RunKey) -> None:
    assert run_key.install(COMMAND) is None
    line = r'"C:\Users\Ann Lee\venv\Scripts\hotfolderw.exe" --home "D:\hot folder\\" run --desktop'
    assert registry.keys[RUN] == {"hotfolder": (line, registry.REG_SZ)}


def test_what_was_installed_is_read_back_and_removed(run_key: RunKey) -> None:
    assert run_key.read() is None
    run_key.install(COMMAND)
    entry = run_key.read()
    assert entry is not None
    assert (entry.command, entry.enabled) == (COMMAND, True)
    assert entry.place.endswith(r"CurrentVersion\Run\hotfolder")
    assert (run_key.uninstall(), run_key.uninstall(), run_key.read()) == (True, False, None)


@pytest.mark.parametrize(
    ("state", "is_on"), [(b"\x02" + bytes(11), True), (b"\x03" + bytes(11), False), (b"", True)]
)
def test_what_task_manager_switched_off_stays_off_until_it_is_installed_again(
    registry: FakeRegistry, run_key: RunKey, state: bytes, is_on: bool
) -> None:
    run_key.install(COMMAND)
    registry.keys[APPROVED] = {"hotfolder": (state, 3), "Other": (b"\x03", 3)}
    run_key.renew(COMMAND.with_program(("C:\\new\\hotfolderw.exe",)))
    entry = run_key.read()
    assert entry is not None
    assert (entry.argv[0], entry.enabled) == ("C:\\new\\hotfolderw.exe", is_on)
    run_key.install(COMMAND)
    entry = run_key.read()
    assert entry is not None
    assert entry.enabled
    assert list(registry.keys[APPROVED]) == ["Other"]


def test_a_command_that_windows_would_cut_off_is_refused(registry: FakeRegistry, run_key: RunKey) -> None:
    with pytest.raises(HotfolderError, match=f"more than {LONGEST_LINE} characters"):
        run_key.install(LoginCommand(("C:\\" + "long" * 70,)))
    assert registry.keys == {}


def test_a_policy_that_forbids_it_is_told(registry: FakeRegistry, run_key: RunKey) -> None:
    registry.is_forbidden = True
    with pytest.raises(HotfolderError, match="this user has no right to it"):
        run_key.install(COMMAND)


def test_a_value_that_nobody_can_read_is_there_without_a_command(
    registry: FakeRegistry, run_key: RunKey
) -> None:
    registry.keys[RUN] = {"hotfolder": ("", 1)}
    entry = run_key.read()
    assert entry is not None
    assert entry.command is None
