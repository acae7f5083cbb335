"""Stored files: written once, whole or not at all, found again by their key."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from flask import current_app

from crm.core.errors import NotUnderstood

BLOCK = 1 << 20
PRIVATE, FOR_A_PROXY = 0o600, 0o640


@dataclass(frozen=True)
class Stored:
    """`key` is relative to the data folder; size in bytes; sha256 in hex."""

    key: str
    size: int
    sha256: str


def path_of(key: str) -> Path:
    """Raises ValueError for a key that would leave the data folder."""
    root = Path(current_app.config["DATA_DIR"]).resolve()
    path = (root / "files" / key).resolve()
    if not path.is_relative_to(root / "files"):
        raise ValueError(f"not a stored file: {key}")
    return path


def mode_of_new() -> int:
    """Nobody else reads what we store, but the user of a proxy that sends files for us, who is in our group."""
    return FOR_A_PROXY if current_app.config["ACCEL_PREFIX"] else PRIVATE


class Incoming:
    """A file on its way in, written straight to the disk it will stay on; what is not kept is gone when it is closed.

    It can stand where werkzeug wants a file for an upload: `write` until the end, then `keep`.
    """

    def __init__(self, folder: str, *, suffix: str = "", at_most: int | None = None, private: bool = False) -> None:
        self.key = f"{folder}/{uuid4().hex}{suffix}"
        self.size = 0
        self._at_most = at_most
        self._path = path_of(self.key)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self._path.with_name(f".{self._path.name}.part")
        self._part.touch(mode=PRIVATE if private else mode_of_new())
        self._out = self._part.open("wb")
        self._hashed = hashlib.sha256()

    def write(self, block: bytes) -> int:
        """Raises NotUnderstood when there are more bytes than `at_most`."""
        self.size += len(block)
        if self._at_most is not None and self.size > self._at_most:
            raise NotUnderstood(
                f"the file is larger than {self._at_most // BLOCK} MiB: split it, or raise MAX_UPLOAD_MB"
            )
        self._hashed.update(block)
        return self._out.write(block)

    def seek(self, offset: int, _whence: int = 0) -> int:
        """What has been written is not read again; werkzeug rewinds it all the same."""
        return offset

    def keep(self) -> Stored:
        self._out.flush()
        os.fsync(self._out.fileno())
        self._part.rename(self._path)
        self._out.close()
        return Stored(self.key, self.size, self._hashed.hexdigest())

    def close(self) -> None:
        self._out.close()
        self._part.unlink(missing_ok=True)


def store(
    stream: BinaryIO, folder: str, *, suffix: str = "", at_most: int | None = None, private: bool = False
) -> Stored:
    """Streams to disk in blocks of 1 MiB (memory stays flat), then renames into place. `private`: no proxy sends it.

    Raises NotUnderstood, leaving nothing behind, when the stream holds more than `at_most` bytes.
    """
    incoming = Incoming(folder, suffix=suffix, at_most=at_most, private=private)
    try:
        while block := stream.read(BLOCK):
            incoming.write(block)
        return incoming.keep()
    finally:
        incoming.close()


def remove(key: str) -> None:
    path_of(key).unlink(missing_ok=True)
