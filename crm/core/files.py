"""Stored files: written whole or not at all, found again by their key."""

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


def store(stream: BinaryIO, folder: str, *, suffix: str = "", at_most: int | None = None) -> Stored:
    """Streams to disk in blocks of 1 MiB (memory stays flat), then renames into place.

    Raises NotUnderstood, leaving nothing behind, when the stream holds more than `at_most` bytes.
    """
    key = f"{folder}/{uuid4().hex}{suffix}"
    path = path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    hashed, size = hashlib.sha256(), 0
    try:
        with part.open("wb") as out:
            while block := stream.read(BLOCK):
                size += len(block)
                if at_most is not None and size > at_most:
                    raise NotUnderstood(
                        f"the file is larger than {at_most // BLOCK} MiB: split it, or raise MAX_UPLOAD_MB"
                    )
                hashed.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return Stored(key, size, hashed.hexdigest())


def remove(key: str) -> None:
    path_of(key).unlink(missing_ok=True)
