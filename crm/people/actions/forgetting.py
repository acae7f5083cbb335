"""Forgetting somebody: everywhere at once, and again after an older backup has brought them back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, or_, select, update

from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.files import path_of
from crm.core.offers import offers
from crm.core.owned import forget_rows
from crm.core.restand import Restand
from crm.core.tokens import keyed_hash
from crm.people.actions.importing.forgetting import blank_in_files
from crm.people.actions.suppressing import suppress_pairs
from crm.people.models import Erasure, Merge, Person, Suppression
from crm.people.queries import identities_of, person_or_404
from crm.people.rules import SuppressionReason

# Kinds whose values are nobody else's word; a forum name may be anybody's.
ADDRESSES = ("email", "phone")


def log_path() -> Path:
    """The list of erasures beside the database: numbers, moments and keyed hashes, one JSON object a line."""
    return path_of("x").parents[1] / "erasures.jsonl"


def forgettable(person_id: int) -> Person:
    """Raises Refusal for a member of staff: somebody must be left to run the programme, and an admin decides who."""
    person = person_or_404(person_id)
    if person.is_staff:
        raise Refusal(gettext("%(name)s is staff: an admin closes the account first, in Settings.", name=person.shown))
    return person


def forget(person_id: int, *, at: datetime, by_id: int | None = None) -> None:
    """Erases a person, and whoever was merged into them, from every room, file and journal entry.

    What stays: the number, the moment, and keyed hashes of the identities, so that nobody writes to them again.
    """
    person = person_or_404(person_id)
    ids = _with_merged(person.id)
    names = {row for row in session().scalars(select(Person.name).where(Person.id.in_(ids))) if row}
    pairs = [(kind, value) for _id, kind, value in identities_of(ids)]
    hashes = suppress_pairs(pairs, SuppressionReason.FORGOTTEN, at)
    once_one = _once_one_with(ids)
    for one in ids:
        _erase(one, at, by_id)
    own = {f"{kind}:{value}" for kind, value in pairs} | {value for kind, value in pairs if kind in ADDRESSES}
    journal.forget(ids, own, once_one, names)
    blank_in_files(pairs, names)
    _append({"person_ids": ids, "at": at.isoformat(), "hashes": hashes})
    journal.record("people.forget", f"person:{person.id}", at=at, about_id=person.id)
    session().expire_all()


def _with_merged(person_id: int) -> list[int]:
    """The person, and everybody who was ever merged into them, through any number of merges."""
    found, fresh = [person_id], [person_id]
    while fresh:
        fresh = list(session().scalars(select(Person.id).where(Person.merged_into_id.in_(fresh))))
        found += fresh
    return found


def _once_one_with(ids: list[int]) -> set[int]:
    """Whoever was one person with these for a while: what was done then is told of them."""
    pairs = session().execute(
        select(Merge.keep_id, Merge.lose_id).where(or_(Merge.keep_id.in_(ids), Merge.lose_id.in_(ids)))
    )
    return {one for pair in pairs for one in pair} - set(ids)


def _erase(person_id: int, at: datetime, by_id: int | None) -> None:
    for room in reversed(offers()):
        if room.forget is not None:
            room.forget(person_id, at)
        forget_rows(room.owned, person_id)
    session().execute(update(Merge).where((Merge.keep_id == person_id) | (Merge.lose_id == person_id)).values(moved={}))
    session().execute(delete(Restand).where(Restand.person_id == person_id))
    session().execute(
        update(Person)
        .where(Person.id == person_id)
        .values(name="", language=None, zone=None, owner_id=None, forgotten_at=at)
    )
    insert_or_pass(Erasure.__table__, [{"person_id": person_id, "at": at, "by_id": by_id}])  # type: ignore[arg-type]  # a mapped class's table is a Table


def _append(entry: dict[str, Any]) -> None:
    """Before the commit: an erasure that fails is asked for again, one that is lost from the list is not."""
    path = log_path()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(json.dumps(entry) + "\n")
        out.flush()
        os.fsync(out.fileno())


def reapply(lines: Iterable[str], at: datetime) -> int:
    """Forgets again whom an older backup has brought back; returns how many people.

    Only who has one of the erased identities is forgotten: a number may have gone to somebody else meanwhile.
    """
    again = 0
    for line in lines:
        if not line.strip():
            continue
        entry = json.loads(line)
        moment, hashes = datetime.fromisoformat(entry["at"]), set(entry["hashes"])
        rows = [{"hash": one, "reason": SuppressionReason.FORGOTTEN, "at": moment} for one in sorted(hashes)]
        insert_or_pass(Suppression.__table__, rows)  # type: ignore[arg-type]  # a mapped class's table is a Table
        for person_id in entry["person_ids"]:
            if _is_the_same(person_id, hashes, moment):
                forget(person_id, at=at)
                again += 1
    return again


def _is_the_same(person_id: int, hashes: set[str], moment: datetime) -> bool:
    person = session().get(Person, person_id)
    if person is None or not person.is_listed or person.collected_at > moment:
        return False
    own = {keyed_hash(f"{kind}:{value}") for _id, kind, value in identities_of(_with_merged(person_id))}
    return bool(own & hashes) or not (own or hashes)
