"""Stored files: written once, whole or not at all, found again by their key."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from flask import current_app
from flask_babel import gettext as _

from crm.core.errors import NotUnderstood, Refusal

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
    return FOR_A_PROXY if current_app.config["ACCEL_PREFIX"] or current_app.config["X_SENDFILE"] else PRIVATE


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
        with _told_when_full():
            return self._out.write(block)

    def seek(self, offset: int, _whence: int = 0) -> int:
        """What has been written is not read again; werkzeug rewinds it all the same."""
        return offset

    def keep(self) -> Stored:
        with _told_when_full():
            self._out.flush()
            os.fsync(self._out.fileno())
        self._part.rename(self._path)
        self._out.close()
        return Stored(self.key, self.size, self._hashed.hexdigest())

    def close(self) -> None:
        with suppress(OSError):  # a full disk takes no rest of it either
            self._out.close()
        self._part.unlink(missing_ok=True)


class Elsewhere(Refusal):
    """The piece does not begin where the file ends so far."""

    status = 409


class Busy(Refusal):
    """Another piece of this file is on its way."""

    status = 423


class Spoilt(Refusal):
    """The piece is not what its checksum says; the file is as before it. 460 is the protocol's own number."""

    status = 460


class DiskFull(Refusal):
    status = 507


@dataclass(frozen=True)
class Checksum:
    """What a piece must come to: an algorithm of hashlib, and the digest."""

    algorithm: str
    digest: bytes


def _write_whole(out: FileIO, block: bytes) -> int:
    """Raises DiskFull; what still had room is written."""
    left = memoryview(block)
    while left:
        with _told_when_full():
            left = left[out.write(left) :]
    return len(block)


@contextmanager
def _told_when_full() -> Iterator[None]:
    """Raises DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(_("The disk is full: make room on it, then go on where this stopped.")) from error


class Arriving:
    """A file that comes in pieces. How much of it is here the disk says, whatever became of whoever wrote it.

    After a power loss the disk may say too much: the sum over the whole file is what decides in the end. Of a piece
    whose checksum has not been compared yet nothing counts as here: `_piece` holds where it began.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self._path = path_of(key)
        self._part = self._path.with_name(f".{self._path.name}.part")
        self._piece = self._path.with_name(f".{self._path.name}.piece")

    def begin(self) -> None:
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self._part.touch(mode=mode_of_new())

    @property
    def is_here(self) -> bool:
        return self._part.exists() or self._path.exists()

    @property
    def size(self) -> int:
        """In bytes, so far."""
        began = self._unproved()
        if began is not None:
            return began
        place = self._part if self._part.exists() else self._path
        return place.stat().st_size if place.exists() else 0

    def _unproved(self) -> int | None:
        """Where a piece began that is still to be compared with its checksum."""
        with suppress(FileNotFoundError, ValueError):
            return int(self._piece.read_text("ascii"))
        return None

    def append(self, stream: BinaryIO, offset: int, at_most: int, checksum: Checksum | None = None) -> int:
        """Writes what comes, up to `at_most` bytes in all, and returns how many are here then.

        What had arrived when the stream broke off, or the disk was full, stays.
        Raises Elsewhere, Busy, Spoilt, DiskFull.
        """
        with self._alone() as out:
            if out.seek(0, os.SEEK_END) != offset:
                raise Elsewhere(_("This piece begins elsewhere than the file ends: ask how much is here."))
            end, found = offset, hashlib.new(checksum.algorithm) if checksum else None
            if checksum is not None:
                self._piece.write_text(str(offset), "ascii")
            while end < at_most and (block := stream.read(min(BLOCK, at_most - end))):
                end += _write_whole(out, block)
                if found is not None:
                    found.update(block)
            os.fsync(out.fileno())
            if checksum is not None and found is not None and found.digest() != checksum.digest:
                out.truncate(offset)
                self._piece.unlink()
                raise Spoilt(_("This piece is not what its checksum says: send it again."))
            self._piece.unlink(missing_ok=True)
        return end

    @contextmanager
    def _alone(self) -> Iterator[FileIO]:
        """The lock goes with whoever holds it, also when they are killed."""
        try:
            opened = self._part.open("r+b", buffering=0)
        except FileNotFoundError as error:
            raise Elsewhere(_("This piece begins elsewhere than the file ends: ask how much is here.")) from error
        with opened as out:
            try:
                fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy(_("Another piece of this file is on its way: wait for it.")) from error
            if not self._part.exists():
                raise Elsewhere(_("This piece begins elsewhere than the file ends: ask how much is here."))
            began = self._unproved()
            if began is not None:  # whoever wrote it was killed before they could compare it
                out.truncate(began)
                self._piece.unlink()
            yield out

    def keep(self) -> Stored:
        """The whole file, summed and in its place; a second time is the same. Raises Busy while a piece comes."""
        if self._part.exists():
            with self._alone():
                self._part.rename(self._path)
        with self._path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256")
        return Stored(self.key, self._path.stat().st_size, found.hexdigest())

    def remove(self) -> None:
        for place in (self._part, self._piece, self._path):
            place.unlink(missing_ok=True)


def left_behind(folder: str, before: float) -> Iterator[str]:
    """Keys of parts in a folder that nobody has written to since then (seconds since 1970): a killed process leaves
    them."""
    for part in path_of(folder).glob(".*.part"):
        with suppress(FileNotFoundError):  # it was kept or given up meanwhile
            if part.stat().st_mtime < before:
                yield f"{folder}/{part.name.removeprefix('.').removesuffix('.part')}"


def stored_before(folder: str, before: float) -> Iterator[str]:
    """Keys of whole files in a folder that were written before then (seconds since 1970)."""
    for file in path_of(folder).glob("[!.]*"):
        with suppress(FileNotFoundError):
            if file.is_file() and file.stat().st_mtime < before:
                yield f"{folder}/{file.name}"


def room_for(folder: str, size: int) -> bool:
    """Whether the disk has room there for so many bytes more."""
    path = path_of(folder)
    path.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(path).free > size


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
