"""Pictures as files that devices consume."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from boot_screen.draw import Master


def _png(master: Master, file: BinaryIO) -> None:
    """8 bits per pixel, indexed, not interlaced: GRUB shows no PNG of fewer bits."""
    master.image.save(file, "PNG", bits=8, compress_level=6)


_WRITERS: dict[str, Callable[[Master, BinaryIO], None]] = {"png": _png}
FORMATS = tuple(_WRITERS)


def write(master: Master, format: str, path: Path) -> None:
    """Write one page in one of FORMATS. The file is there whole or not at all.

    Raises ValueError for an unknown format and OSError when the file cannot be written.
    """
    if format not in _WRITERS:
        raise ValueError(f"There is no format {format!r}; there is {', '.join(FORMATS)}.")
    with whole_file(path) as file:
        _WRITERS[format](master, file)


class whole_file:
    """A file for writing bytes that takes its name only when all of it has been written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> BinaryIO:
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        self._half, self._file = Path(name), os.fdopen(handle, "wb")
        return self._file

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if failed:
            self._half.unlink(missing_ok=True)
            return
        self._half.chmod(0o644)
        self._half.replace(self._path)
