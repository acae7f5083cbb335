"""A matched chunk goes into the tables set-wise: a handful of statements, however many rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from flask_babel import gettext
from sqlalchemy import Table, delete, select, update

from crm.core.bulk import chunks, insert_or_pass, load, reserve_ids
from crm.core.db import session
from crm.core.restand import SETTLE, Restand, restand
from crm.core.wake import wake_after_commit
from crm.people.actions.importing.cells import Said
from crm.people.actions.importing.matching import Outcome, standing_for
from crm.people.actions.labels import tag_ids
from crm.people.models import (
    Identity,
    ImportedPerson,
    MergeProposal,
    Note,
    PeopleImport,
    Person,
    PersonTag,
    Source,
)
from crm.people.queries import MANY
from crm.people.rules import ProposalState, SiteRole

Place = tuple[int, str, SiteRole | None]
Added = dict[str, Any]


def _table(model: Any) -> Table:
    return cast(Table, model.__table__)


class Chunk(NamedTuple):
    """Rows with the numbers that their people have, or have just been given."""

    bringer: PeopleImport
    at: datetime
    rows: list[tuple[int, Said]]
    new: list[int]


def write(bringer: PeopleImport, said: Sequence[Said], outcome: Outcome, at: datetime) -> int:
    """Writes everything that a chunk brings; returns how many proposals are new."""
    added, names = _absorb(outcome)
    whose = _numbers(outcome)
    rows = [(whose[standing_for(who, outcome.absorbed)], row) for who, row in zip(outcome.who, said, strict=True)]
    chunk = Chunk(bringer, at, rows, sorted(number for ref, number in whose.items() if ref < 0))
    known = {number for ref, number in whose.items() if ref > 0}
    _write_people(chunk)
    pairs = [(k, v, whose[standing_for(ref, outcome.absorbed)]) for (k, v), ref in outcome.given.items()]
    load(_table(Identity), ("kind", "value", "person_id"), pairs)
    for kind, value, number in pairs:
        if number in known:
            added[number].setdefault("identities", []).append(f"{kind}:{value}")
    _write_sources(chunk, known)
    if known:
        _fill(chunk, known, added)
    _write_labels(chunk, known, added)
    _keep_names(chunk, {whose[standing_for(gone, outcome.absorbed)] for gone in outcome.absorbed}, names)
    _write_arrivals(chunk, known, added)
    return _propose(chunk, outcome)


def _numbers(outcome: Outcome) -> dict[int, int]:
    """Every person of the chunk to a number of the person table; new ones get theirs in the order of the file."""
    refs = {standing_for(who, outcome.absorbed) for who in outcome.who}
    fresh = sorted((ref for ref in refs if ref < 0), reverse=True)
    numbers = dict(zip(fresh, reserve_ids(_table(Person), len(fresh)), strict=True))
    return numbers | {ref: ref for ref in refs if ref > 0}


def _absorb(outcome: Outcome) -> tuple[dict[int, Added], dict[int, list[str]]]:
    """People whom an earlier chunk of this import made, and a row has now joined to others: what these gain by it, and
    how the others were called."""
    added: dict[int, Added] = defaultdict(dict)
    names: dict[int, list[str]] = defaultdict(list)
    for gone in outcome.absorbed:
        keep = standing_for(gone, outcome.absorbed)
        if gone < 0:
            continue
        moved = session().execute(
            update(Identity)
            .where(Identity.person_id == gone)
            .values(person_id=keep)
            .returning(Identity.kind, Identity.value)
            .execution_options(synchronize_session=False)
        )
        added[keep].setdefault("identities", []).extend(f"{row[0]}:{row[1]}" for row in moved)
        session().execute(update(Source).where(Source.person_id == gone).values(person_id=keep))
        session().execute(update(Note).where(Note.person_id == gone).values(person_id=keep))
        tags = session().scalars(select(PersonTag.tag_id).where(PersonTag.person_id == gone)).all()
        insert_or_pass(_table(PersonTag), [{"person_id": keep, "tag_id": one} for one in tags])
        session().execute(delete(Restand).where(Restand.person_id == gone))
        gone_name = delete(Person).where(Person.id == gone).returning(Person.name)
        names[keep].append(session().execute(gone_name.execution_options(synchronize_session=False)).scalar_one())
    return added, names


def _write_people(chunk: Chunk) -> None:
    if not chunk.new:
        return
    first: dict[int, Said] = {}
    name: dict[int, str] = {}
    language: dict[int, str] = {}
    for number, row in chunk.rows:
        first.setdefault(number, row)
        if row.name:
            name.setdefault(number, row.name)
        if row.language:
            language.setdefault(number, row.language)
    found_at = chunk.bringer.found_at or chunk.at
    load(
        _table(Person),
        ("id", "name", "language", "is_staff", "collected_at"),
        (
            (number, name.get(number, ""), language.get(number), False, first[number].found_at or found_at)
            for number in chunk.new
        ),
    )
    load(_table(Restand), ("person_id",), ((number,) for number in chunk.new))
    wake_after_commit(SETTLE)


def _write_sources(chunk: Chunk, known: Collection[int]) -> None:
    """One source for each place where a person was found; what is known already is not written again."""
    bringer = chunk.bringer
    board, role, found_at = bringer.board, bringer.role, bringer.found_at or chunk.at
    before = (bringer.site, bringer.basis)
    after = (bringer.by_id, bringer.origin_id, bringer.id)
    seen = _known_places(bringer, known)
    fresh = []
    for number, row in chunk.rows:
        place = (number, row.board or board, row.role or role)
        if place not in seen:
            seen.add(place)
            fresh.append((*place, *before, row.found_at or found_at, *after))
    columns = ("person_id", "board", "role", "site", "basis", "found_at", "found_by_id", "origin_id", "import_id")
    load(_table(Source), columns, fresh)


def _known_places(bringer: PeopleImport, known: Collection[int]) -> set[Place]:
    seen: set[Place] = set()
    for some in chunks(known, MANY):
        places = select(Source.person_id, Source.board, Source.role)
        places = places.where(Source.person_id.in_(some), Source.site == bringer.site, Source.basis == bringer.basis)
        seen.update((row[0], row[1], row[2]) for row in session().execute(places))
    return seen


def _fill(chunk: Chunk, known: Collection[int], added: dict[int, Added]) -> None:
    """A known person keeps their name and language; an empty one is filled."""
    offered: dict[int, dict[str, str]] = defaultdict(dict)
    for number, row in chunk.rows:
        if number in known and (row.name or row.language):
            for key, value in (("name", row.name), ("language", row.language)):
                if value:
                    offered[number].setdefault(key, value)
    changes = []
    for some in chunks(offered, MANY):
        rows = session().execute(
            select(Person.id, Person.name, Person.language).where(
                Person.id.in_(some), (Person.name == "") | Person.language.is_(None)
            )
        )
        for number, name, language in rows:
            fits = {
                key: value for key, value in offered[number].items() if not {"name": name, "language": language}[key]
            }
            if fits:
                changes.append({"id": number, "name": name, "language": language, **fits})
                added[number]["filled"] = fits
    if changes:
        session().execute(update(Person), changes)


def _write_labels(chunk: Chunk, known: Collection[int], added: dict[int, Added]) -> None:
    worn = {(number, tag) for number, row in chunk.rows for tag in row.tags}
    if worn:
        ids = tag_ids({tag for _number, tag in worn})
        has = _worn({number for number, _tag in worn if number in known})
        for number, tag in sorted(worn):
            if (number, ids[tag]) not in has:
                added[number].setdefault("tags", []).append(tag)
        load(_table(PersonTag), ("person_id", "tag_id"), sorted((n, ids[t]) for n, t in worn), ignore_known=True)
    noted = {(number, row.note): None for number, row in chunk.rows if row.note}
    if noted:
        has_notes = _noted({number for number, _body in noted if number in known})
        came = (chunk.bringer.created_at, chunk.bringer.id)
        notes = [(n, body, *came) for n, body in noted if (n, body) not in has_notes]
        load(_table(Note), ("person_id", "body", "at", "import_id"), notes)


def _keep_names(chunk: Chunk, joined: Collection[int], before: dict[int, list[str]]) -> None:
    """A row has made one of several: the names of the others stay in a note."""
    if not joined:
        return
    names = {number: dict.fromkeys(before.get(number, ())) for number in joined}
    for number, row in chunk.rows:
        if number in names:
            names[number][row.name] = None
    has = {row[0]: row[1] for row in session().execute(select(Person.id, Person.name).where(Person.id.in_(joined)))}
    others = {number: [one for one in names[number] if one and one != has[number]] for number in sorted(joined)}
    came = (chunk.bringer.created_at, chunk.bringer.id)
    notes = [
        (number, gettext("The file also calls them: %(names)s", names=", ".join(some)), *came)
        for number, some in others.items()
        if some
    ]
    load(_table(Note), ("person_id", "body", "at", "import_id"), notes)


def _worn(known: Collection[int]) -> set[tuple[int, int]]:
    query = select(PersonTag.person_id, PersonTag.tag_id).where(PersonTag.person_id.in_(known))
    return {(row[0], row[1]) for row in session().execute(query)}


def _noted(known: Collection[int]) -> set[tuple[int, str]]:
    query = select(Note.person_id, Note.body).where(Note.person_id.in_(known))
    return {(row[0], row[1]) for row in session().execute(query)}


def _write_arrivals(chunk: Chunk, known: Collection[int], added: dict[int, Added]) -> None:
    """Who came by this import, and what it added to those who were known, so that it can be undone."""
    ours = chunk.bringer.id
    columns = ("import_id", "person_id", "created")
    load(_table(ImportedPerson), columns, ((ours, number, True) for number in chunk.new))
    if known:
        rows = ((ours, number, False) for number in sorted(known))
        load(_table(ImportedPerson), columns, rows, ignore_known=True)
        restand(known, None)
    _remember(ours, {number: more for number, more in added.items() if more})


def _remember(import_id: int, added: dict[int, Added]) -> None:
    before: dict[int, Added] = {}
    for some in chunks(added, MANY):
        query = select(ImportedPerson.person_id, ImportedPerson.added).where(
            ImportedPerson.import_id == import_id, ImportedPerson.person_id.in_(some)
        )
        before.update({row[0]: row[1] or {} for row in session().execute(query)})
    changes = [
        {"import_id": import_id, "person_id": number, "added": _together(before.get(number, {}), more)}
        for number, more in added.items()
    ]
    if changes:
        session().execute(update(ImportedPerson), changes)


def _together(before: Added, more: Added) -> Added:
    lists = {key: [*before.get(key, ()), *more.get(key, ())] for key in ("identities", "tags")}
    filled = {**more.get("filled", {}), **before.get("filled", {})}
    return {key: value for key, value in {**lists, "filled": filled}.items() if value}


def _propose(chunk: Chunk, outcome: Outcome) -> int:
    rows = [
        {
            "first_id": min(pair),
            "second_id": max(pair),
            "state": ProposalState.OPEN,
            "why": str(line),
            "import_id": chunk.bringer.id,
            "at": chunk.at,
        }
        for pair, line in outcome.proposals.items()
    ]
    return insert_or_pass(_table(MergeProposal), rows)


def created_by(import_id: int, person_ids: Iterable[int]) -> set[int]:
    query = select(ImportedPerson.person_id).where(
        ImportedPerson.import_id == import_id, ImportedPerson.created, ImportedPerson.person_id.in_(person_ids)
    )
    return set(session().scalars(query))
