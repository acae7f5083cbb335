"""Keys of feeds, and what updaters want to know of a file."""

from __future__ import annotations

import hashlib
import mmap
import plistlib
import zipfile
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Table, select, update

from crm.builds.actions.check_ins import NewCheckIn, record_check_ins
from crm.builds.models import Build, BuildProof, FeedKey, FeedSigner
from crm.builds.rules import CheckInKind
from crm.builds.rules.feeds import DAY
from crm.core import files
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.sealed import seal, unseal

SIGNER = cast(Table, FeedSigner.__table__)
PROOF = cast(Table, BuildProof.__table__)
PURPOSE = "feed signer"
BLOCK = 1 << 20
MOST_INFO = 1 << 20  # bytes of an app's Info.plist, unpacked


def make_feed_key(person_id: int, at: datetime) -> FeedKey:
    """A new address for the person's feeds; the old one opens nothing any more."""
    revoke_feed_keys(person_id, at)
    made = FeedKey(person_id=person_id, made_at=at)
    session().add(made)
    session().flush()
    return made


def revoke_feed_keys(person_id: int, at: datetime) -> None:
    working = update(FeedKey).where(FeedKey.person_id == person_id, FeedKey.revoked_at.is_(None))
    session().execute(working.values(revoked_at=at))


def note_update_check(person_id: int, version: str, platform: str, at: datetime) -> None:
    """An update check that names the running version is a sign that it runs; one a person, version and day is kept."""
    key = f"update-check {platform} {version} {at.strftime(DAY)}"[:200]
    check = NewCheckIn(person_id, version, CheckInKind.UPDATE_CHECK, at, key, platform=platform)
    record_check_ins([check], received_at=at)


def _signer(at: datetime) -> Ed25519PrivateKey:
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


def prove_file(build_id: int, at: datetime) -> bool:
    """Sums and signs a build's file, which never changes; False when somebody else has done so, or there is none.

    The file is mapped, not read: Ed25519 signs it as a whole, and it may have many gigabytes.
    """
    build = session().get(Build, build_id)
    if build is None or build.file_key is None:
        return False
    path = files.path_of(build.file_key)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        sha512 = hashlib.sha512()
        for start in range(0, len(content), BLOCK):
            sha512.update(content[start : start + BLOCK])
        with memoryview(content) as whole:
            signature = _signer(at).sign(whole)
    row = {
        "build_id": build_id,
        "sha512": b64encode(sha512.digest()).decode(),
        "ed25519": b64encode(signature).decode(),
        "bundle_id": bundle_id_of(path) if build.platform == "ios" else None,
        "proved_at": at,
    }
    return bool(insert_or_pass(PROOF, [row]))


def bundle_id_of(path: Path) -> str | None:
    """The bundle identifier of an .ipa; None for whatever is not a sound one."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                parts = entry.filename.split("/")
                if len(parts) == 3 and parts[0] == "Payload" and parts[1].endswith(".app") and parts[2] == "Info.plist":
                    with archive.open(entry) as info:
                        raw = info.read(MOST_INFO + 1)
                    found = plistlib.loads(raw).get("CFBundleIdentifier") if len(raw) <= MOST_INFO else None
                    return found if isinstance(found, str) and found.isprintable() else None
    except Exception:  # noqa: BLE001 -- a stranger's file may break any reader in any way; it is then no app
        return None
    return None
