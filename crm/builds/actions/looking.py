"""A stored file is looked at once: its sum and signature for updaters, and what its package says of itself."""

from __future__ import annotations

import hashlib
import json
import mmap
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Table, select, update

from crm.builds.actions.artefacts import FOLDER
from crm.builds.models import Artefact, FeedSigner
from crm.core import files
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.sealed import seal, unseal

log = structlog.get_logger(__name__)
SIGNER = cast(Table, FeedSigner.__table__)
PURPOSE = "feed signer"
BLOCK = 1 << 20
PATIENCE = 60  # seconds for a package to say what it is; its reader also has a limit of memory and of CPU time


BARE = {"LANG": "C.UTF-8"}
"""The environment of whoever reads a stranger's file: ours holds secrets."""


def signer(at: datetime) -> Ed25519PrivateKey:
    """The programme's own, made at its first use."""
    found = session().scalar(select(FeedSigner.sealed))
    if found is None:
        made = Ed25519PrivateKey.generate()
        row = {
            "id": 1,
            "sealed": seal(PURPOSE, b64encode(made.private_bytes_raw()).decode()),
            "public": b64encode(made.public_key().public_bytes_raw()).decode(),
            "made_at": at,
        }
        insert_or_pass(SIGNER, [row])
        found = session().scalars(select(FeedSigner.sealed)).one()
    return Ed25519PrivateKey.from_private_bytes(b64decode(unseal(PURPOSE, found)))


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def look_at(path: Path, signer: Ed25519PrivateKey) -> dict[str, Any]:
    """What updaters ask for, and what the package says. It may take a minute: nothing is to wait for it.

    The file is mapped, not read: Ed25519 signs it as a whole, and it may have many gigabytes.
    """
    with _mapped(path) as content:
        sha512 = hashlib.sha512()
        for start in range(0, len(content), BLOCK):
            sha512.update(content[start : start + BLOCK])
        with memoryview(content) as whole:
            signature = signer.sign(whole)
    proof = {"sha512": b64encode(sha512.digest()).decode(), "ed25519": b64encode(signature).decode()}
    return package_of(path) | proof


def record_look(artefact_id: int, told: dict[str, Any], at: datetime) -> bool:
    """Keeps what `look_at` found; False when somebody else has done so."""
    icon = told.pop("icon", None)
    told["icon_key"] = _keep_icon(icon) if icon else None
    found = update(Artefact).where(Artefact.id == artefact_id, Artefact.looked_at.is_(None))
    return session().execute(found.values(looked_at=at, **told).returning(Artefact.id)).first() is not None


def _keep_icon(icon: str) -> str:
    return files.store(BytesIO(b64decode(icon)), FOLDER, suffix=".png", private=True).key


def package_of(path: Path) -> dict[str, Any]:
    """`app_id`, `app_name`, `app_version`, `needs_os` and `icon` (PNG, base64), as far as the package tells them.

    A stranger's file may break any reader in any way, so that a process of its own reads it, which may not grow.
    """
    command = [sys.executable, "-m", "crm.builds.rules.packages", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True, env=BARE)
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        log.warning("package_unread", file=path.name, error=str(error)[:200])
        return {}
    return found if isinstance(found, dict) else {}
