"""Windows: a value of the Run key of the person's own registry, shown in Task Manager among the startup apps."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from hotfolder.core.command_lines import read_windows_line, windows_line
from hotfolder.core.login_item import Kind, LoginCommand, LoginEntry
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import HotfolderError

NAME = "hotfolder"
RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Where Task Manager keeps what was switched off: bytes, of which an odd first one means off."""

LONGEST_LINE = 260
"""Characters of a command line in the Run key (Microsoft's documentation of it)."""


class Registry(Protocol):
    """What is used of the module `winreg`. Errors are `OSError`s, `FileNotFoundError` for what is not there."""

    HKEY_CURRENT_USER: int
    KEY_READ: int
    KEY_SET_VALUE: int
    REG_SZ: int

    def OpenKey(self, key: Any, sub_key: str, reserved: int = 0, access: int = ..., /) -> Any: ...  # noqa: N802
    def CreateKeyEx(self, key: Any, sub_key: str, reserved: int = 0, access: int = ..., /) -> Any: ...  # noqa: N802
    def QueryValueEx(self, key: Any, name: str, /) -> tuple[Any, int]: ...  # noqa: N802
    def SetValueEx(self, key: Any, name: str, reserved: int, kind: int, value: Any, /) -> None: ...  # noqa: N802
    def DeleteValue(self, key: Any, name: str, /) -> None: ...  # noqa: N802


class RunKey:
    kind = Kind.RUN_KEY

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry or cast(Registry, importlib.import_module("winreg"))

    def read(self) -> LoginEntry | None:
        line = self._value(RUN)
        if line is None:
            return None
        try:
            argv = read_windows_line(str(line))
        except ValueError:
            argv = ()
        approved = self._value(APPROVED)
        enabled = not (isinstance(approved, bytes) and approved[:1] and approved[0] & 1)
        return LoginEntry(self.kind, rf"HKEY_CURRENT_USER\{RUN}\{NAME}", argv, enabled)

    def install(self, command: LoginCommand) -> str | None:
        self.renew(command)
        self._delete(APPROVED)
        return None

    def renew(self, command: LoginCommand) -> None:
        line = windows_line(command.argv)
        if len(line) > LONGEST_LINE:
            raise HotfolderError(
                f"Windows starts nothing at login whose command has more than {LONGEST_LINE} characters;"
                f" this one has {len(line)}.",
                "Keep hotfolder, or its home, in a folder with a shorter path.",
            )
        registry = self._registry
        try:
            with registry.CreateKeyEx(registry.HKEY_CURRENT_USER, RUN, 0, registry.KEY_SET_VALUE) as key:
                registry.SetValueEx(key, NAME, 0, registry.REG_SZ, line)
        except OSError as error:
            raise _refused(error) from error

    def uninstall(self) -> bool:
        was_there = self._delete(RUN)
        self._delete(APPROVED)
        return was_there

    def _value(self, place: str) -> Any:
        registry = self._registry
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, place, 0, registry.KEY_READ) as key:
                return registry.QueryValueEx(key, NAME)[0]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(error) from error

    def _delete(self, place: str) -> bool:
        registry = self._registry
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, place, 0, registry.KEY_SET_VALUE) as key:
                registry.DeleteValue(key, NAME)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _refused(error) from error
        return True


def _refused(error: OSError) -> HotfolderError:
    return HotfolderError(
        f"Windows does not let hotfolder change what is started at login ({plain_reason(error)}).",
        "Ask whoever looks after this computer whether a policy forbids it.",
    )
