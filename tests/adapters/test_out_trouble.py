"""What systems say about out folders, in our words. Windows' and macOS's numbers are faked: such errors are made by hand."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hotfolder.adapters.out_trouble import guarded, is_in_use, may_be_the_name, unwritable
from hotfolder.errors import FolderUnwritable


class WindowsTrouble(OSError):
    """As Windows raises them: a number of its own beside the one Python makes of it."""

    def __init__(self, number: int, made_of_it: int) -> None:
        super().__init__(made_of_it, f"[WinError {number}]")
        self.winerror = number


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "cannot be written"),
        (errno.EPERM, "cannot be written"),
        (errno.EIO, "Waiting for"),
        (errno.ESTALE, "Waiting for"),
        (errno.EHOSTDOWN, "Waiting for"),
        (errno.ETIMEDOUT, "Waiting for"),
        (errno.EINVAL, "Waiting for"),
        (errno.ENAMETOOLONG, "Waiting for"),
        (errno.EILSEQ, "Waiting for"),
        (errno.EBUSY, "Waiting for"),
        (4711, "Waiting for"),
    ],
)
def test_whatever_the_system_says_of_an_out_folder_holds_it_with_a_reason(code: int, words: str) -> None:
    error = unwritable(Path("/out"), OSError(code, os.strerror(code)))
    assert isinstance(error, FolderUnwritable)
    assert words in error.title
    assert "/out" in error.title
    assert error.advice


@pytest.mark.parametrize("number", [51, 53, 55, 59, 64, 67, 121, 1117, 1167, 1231, 1326, 99999])
@pytest.mark.parametrize("made_of_it", [errno.EINVAL, errno.ENOENT, errno.EACCES, errno.ENOSPC])
def test_on_windows_its_own_number_decides_and_never_what_python_makes_of_it(
    number: int, made_of_it: int
) -> None:
    error = WindowsTrouble(number, made_of_it)
    assert unwritable(Path("/out"), error).title.startswith("Waiting for the out folder /out")
    assert not is_in_use(error)
    assert not may_be_the_name(error), "a network that is away is not asked about other names"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (39, "is full"),
        (112, "is full"),
        (1295, "is full"),
        (19, "cannot be written"),
        (5, "cannot be written"),
    ],
)
def test_windows_numbers_that_mean_something_are_known(number: int, words: str) -> None:
    assert words in unwritable(Path("/out"), WindowsTrouble(number, errno.EINVAL)).title


@pytest.mark.parametrize(
    "error",
    [
        WindowsTrouble(5, errno.EACCES),
        WindowsTrouble(32, errno.EACCES),
        WindowsTrouble(33, errno.EACCES),
        OSError(errno.EBUSY, "busy"),
        OSError(errno.ETXTBSY, "busy"),
    ],
)
def test_what_another_program_holds_open_is_no_refused_name(error: OSError) -> None:
    assert is_in_use(error)
    assert not may_be_the_name(error)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EEXIST])
def test_no_room_a_read_only_disk_and_a_taken_name_are_no_refused_names(code: int) -> None:
    assert not may_be_the_name(OSError(code, os.strerror(code)))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EINVAL, "NTFS, for a colon"),
        OSError(errno.ENOENT, "exFAT, for a colon"),
        OSError(errno.ENAMETOOLONG, "encfs"),
        OSError(errno.EACCES, "a share that hides such names"),
        WindowsTrouble(123, errno.EINVAL),
        WindowsTrouble(206, errno.ENOENT),
    ],
)
def test_many_errors_may_mean_the_name(error: OSError) -> None:
    assert may_be_the_name(error)


def test_the_folder_that_really_failed_is_named_and_no_single_file() -> None:
    out = Path("/out")
    deep = unwritable(out, OSError(errno.EIO, "oh", "/out/Boots"))
    part = unwritable(out, OSError(errno.EIO, "oh", "/out/Boots/.hotfolder-1.part"))
    renamed = unwritable(out, OSError(errno.EACCES, "oh", "/out/B/.hotfolder-1.part", None, "/out/B/a.jpg"))
    assert "/out/Boots (its drive reports an error)" in deep.title
    assert "/out/Boots (its drive reports an error)" in part.title
    assert "/out/B cannot" in renamed.title


@pytest.mark.parametrize(
    "kind", [OSError, TimeoutError, PermissionError, BlockingIOError, ConnectionResetError]
)
def test_nothing_of_the_systems_gets_past_the_guard(kind: type[OSError]) -> None:
    with pytest.raises(FolderUnwritable), guarded(Path("/out")):
        raise kind(errno.ETIMEDOUT, "oh")
