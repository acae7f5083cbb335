"""Files and folders that take their name only when all of them has been written."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_UNFINISHED = ".boot-screen-"


class OutputError(ValueError):
    """A format cannot hold this picture, or not as asked; the message says what to change."""


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file for writing bytes that takes its name only when all of it has been written."""
    try:
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    half = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        half.chmod(0o644)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def pack_folder(folder: Path, archive: Path) -> None:
    """A folder as a zip archive: sorted, stored, with fixed dates, so that the same folder gives the same bytes."""
    with whole_file(archive) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), FIXED_DATE)
                entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
                pack.writestr(entry, path.read_bytes())


@contextmanager
def whole_folder(path: Path, entries: Collection[str]) -> Iterator[Path]:
    """A folder to fill with `entries` that takes its name only when all of it has been written.

    An older one is replaced, but only one with no other entries at its top: a folder that is not ours stays untouched.
    Everything in it can be read by all; what its owner may execute, all may. Raises OutputError and OSError.
    """
    path = path.resolve()
    _check_replaceable(path, entries)
    try:
        half = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=path.parent))
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        yield half
        _open_to_all(half)
        _put_in_place(half, path)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _check_replaceable(path: Path, entries: Collection[str]) -> None:
    """Raises NotADirectoryError by itself when a file stands there."""
    foreign = sorted(each.name for each in path.iterdir() if each.name not in entries) if path.exists() else []
    if foreign:
        raise OutputError(f"{path} holds other things, such as {foreign[0]}. Choose a new folder, or empty this one.")


def _open_to_all(folder: Path) -> None:
    for each in (folder, *folder.rglob("*")):
        each.chmod(0o755 if each.is_dir() or each.stat().st_mode & 0o100 else 0o644)


def _put_in_place(half: Path, path: Path) -> None:
    if not path.exists():
        half.rename(path)
        return
    aside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=path.parent))
    path.replace(aside)
    try:
        half.rename(path)
    except OSError:
        aside.rename(path)
        raise
    shutil.rmtree(aside)
