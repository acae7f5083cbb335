"""Signs that testers ran a build, many at once and each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, select

from crm.builds.models import Build, CheckIn, CheckInBatch
from crm.builds.rules import CheckInKind
from crm.core.bulk import load
from crm.core.db import is_taken, session
from crm.core.restand import restand
from crm.core.wake import wake_after_commit

CHECK_IN, BUILD = cast(Table, CheckIn.__table__), cast(Table, Build.__table__)
NAMED = select(BUILD.c.id, BUILD.c.platform, BUILD.c.version).where(
    BUILD.c.version.in_(bindparam("versions", expanding=True))
)
FEW = 500
BATCHES = 20
RECORD = "crm.builds.tasks.record_batches"
COLUMNS = ("person_id", "build_id", "version", "kind", "at", "received_at", "client_key")


class NewCheckIn(NamedTuple):
    """`client_key` is the sender's own: the same key of the same person is recorded once. None: always new."""

    person_id: int
    version: str
    kind: CheckInKind
    at: datetime
    client_key: str | None = None
    build_id: int | None = None
    platform: str | None = None


@dataclass(frozen=True)
class Recorded:
    new: int
    known: int


class Versions:
    """Builds by what a device says it runs: platform and version, or a version that only one platform has."""

    def __init__(self, only: set[str] | None = None) -> None:
        """`only`: the versions that will be asked for, when they are few."""
        self._exact: dict[tuple[str | None, str], int | None] = {}
        if only is None:
            known = session().execute(select(BUILD.c.id, BUILD.c.platform, BUILD.c.version))
        else:
            known = session().execute(NAMED, {"versions": list(only)})
        for build_id, platform, version in known:
            self._exact[platform, version] = build_id
            self._exact[None, version] = None if (None, version) in self._exact else build_id

    def find(self, platform: str | None, version: str) -> int | None:
        return self._exact.get((platform, version))


def _rows(check_ins: Iterable[NewCheckIn], versions: Versions, received_at: datetime) -> Iterator[tuple[Any, ...]]:
    for person_id, version, kind, at, client_key, build_id, platform in check_ins:
        found = versions.find(platform, version) if build_id is None else build_id
        yield person_id, found, version, kind, at, received_at, client_key


def record_check_ins(
    check_ins: Sequence[NewCheckIn], *, received_at: datetime, versions: Versions | None = None
) -> Recorded:
    """Keeps them all, also those of a version that nobody has registered, and restands their people from the earliest.

    `versions` saves looking the builds up again when there are many batches.
    """
    if not check_ins:
        return Recorded(0, 0)
    wanted = {one.version for one in check_ins}
    rows = _rows(check_ins, versions or Versions(wanted if len(wanted) <= FEW else None), received_at)
    keyed = any(one.client_key is not None for one in check_ins)
    new = load(CHECK_IN, COLUMNS, rows, ignore_known=keyed)
    if new:
        restand((one.person_id for one in check_ins), min(one.at for one in check_ins))
    return Recorded(new, len(check_ins) - new)


def accept_check_ins(check_ins: Sequence[NewCheckIn], *, received_at: datetime) -> None:
    """Keeps one person's check-ins to be recorded by a task; what they say was looked at already."""
    items = [one._replace(at=one.at.isoformat())[1:] for one in check_ins]  # type: ignore[arg-type]  # for JSON
    session().add(CheckInBatch(person_id=check_ins[0].person_id, received_at=received_at, items=items))
    wake_after_commit(RECORD)


def record_accepted() -> int:
    """Records the oldest batches that were accepted; returns how many, 0 when none is left."""
    oldest = select(CheckInBatch.id).order_by(CheckInBatch.id).limit(BATCHES)
    columns = (CheckInBatch.id, CheckInBatch.person_id, CheckInBatch.received_at, CheckInBatch.items)
    taken = session().execute(
        delete(CheckInBatch).where(is_taken(CheckInBatch.id, oldest)).returning(*columns)
    ).all()  # fmt: skip
    versions = Versions({item[0] for batch in taken for item in batch.items})
    for _id, person_id, received_at, items in sorted(taken):
        signs = [NewCheckIn(person_id, *item) for item in items]
        told = [one._replace(at=datetime.fromisoformat(str(one.at))) for one in signs]
        record_check_ins(told, received_at=received_at, versions=versions)
    return len(taken)
