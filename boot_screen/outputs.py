"""Pictures as files that devices consume."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from boot_screen.draw import Master

RUN_LENGTHS = 3  # zlib strategy: twice as fast as the default level on such pictures, for a fifth more bytes


def _png(master: Master, file: BinaryIO) -> None:
    """8 bits per pixel, indexed, not interlaced: GRUB shows no PNG of fewer bits."""
    master.image.save(file, "PNG", bits=8, compress_level=6, compress_type=RUN_LENGTHS)


_WRITERS: dict[str, Callable[[Master, BinaryIO], None]] = {"png": _png}
FORMATS = tuple(_WRITERS)


def write(master: Master, form: str, path: Path) -> None:
    """Write one page in one of FORMATS. The file is there whole or not at all.

    Raises ValueError for an unknown format and OSError when the file cannot be written.
    """
    if form not in _WRITERS:
        raise ValueError(f"There is no format {form!r}; there is {', '.join(FORMATS)}.")
    with whole_file(path) as file:
        _WRITERS[form](master, file)


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
