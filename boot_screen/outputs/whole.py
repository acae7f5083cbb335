"""Files and folders that take their name only when all of them has been written."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

FIXED_DATE = (1980, 1, 1, 0, 0, 0)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file for writing bytes that takes its name only when all of it has been written."""
    try:
        handle, name = tempfile.mkstemp(prefix=".boot-screen-", dir=path.parent)
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
