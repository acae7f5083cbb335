"""Files and folders that take their name only when all of them has been written."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


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
