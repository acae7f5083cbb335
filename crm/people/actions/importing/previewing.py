"""What an import will do, tried on the file without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import islice
from typing import Any

from sqlalchemy import select

from crm.core.db import session
from crm.people.actions.importing.arriving import import_or_404
from crm.people.actions.importing.cells import Refused, Said
from crm.people.actions.importing.matching import Matcher, Outcome, Pair, standing_for
from crm.people.actions.importing.rows import Reader, Row
from crm.people.actions.importing.running import open_rows, row_reader
from crm.people.models import PeopleImport, Person
from crm.people.queries import ids_by_identities, suppressed_pairs

SHOWN = 20
SAMPLED, SHOWN_OF_EACH, LONGEST_SAMPLE = 20, 3, 40
MOST = 200_000
CHUNK = 5000


class _Trial:
    """Counts, and the first rows and refusals, of a pass over the file."""

    def __init__(self) -> None:
        self.read = self.new = self.known = self.suppressed = 0
        self.proposals: set[tuple[int, int]] = set()
        self.reasons: Counter[str] = Counter()
        self.rows: list[dict[str, Any]] = []
        self.refusals: list[dict[str, Any]] = []

    def note_refused(self, refused: Refused) -> None:
        self.reasons[refused.reason] += 1
        if len(self.refusals) < SHOWN:
            self.refusals.append(
                {"line": refused.line, "reason": refused.reason, "detail": refused.detail,
                 "cells": [cell[:100] for cell in refused.cells]}
            )  # fmt: skip

    def note_said(self, said: list[Said], outcome: Outcome) -> None:
        self.new += outcome.new
        self.known += outcome.known
        self.proposals |= outcome.proposals.keys()
        stopped = suppressed_pairs({pair for row in said for pair in row.pairs})
        self.suppressed += sum(any(pair in stopped for pair in row.pairs) for row in said) if stopped else 0
        first: dict[int, int] = {}
        for row, who in zip(said, outcome.who, strict=True):
            if len(self.rows) >= SHOWN:
                break
            person = standing_for(who, outcome.absorbed)
            line = first.setdefault(person, row.line)
            self.rows.append(
                {"line": row.line, "name": row.name, "identities": [f"{k}:{v}" for k, v in row.pairs],
                 "person_id": person if person > 0 else None, "same_as": line if line != row.line else None}
            )  # fmt: skip


def samples(bringer: PeopleImport) -> list[str]:
    """What stands in each column of the first rows, for whoever says what the columns hold."""
    found: list[list[str]] = [[] for _column in bringer.mapping["columns"]]
    with closing(open_rows(bringer, {}).rows()) as rows:
        for row in islice(rows, SAMPLED):
            for values, cell in zip(found, row.cells or (), strict=False):
                if len(values) < SHOWN_OF_EACH and (value := cell.strip()) and value not in values:
                    values.append(shortened(value))
    return [" · ".join(values) for values in found]


def shortened(value: str) -> str:
    return value if len(value) <= LONGEST_SAMPLE else f"{value[:LONGEST_SAMPLE]}…"


def preview(import_id: int, *, most: int = MOST) -> dict[str, Any]:
    """Counts as the import itself will give, the first rows, and refusals with their reasons; reads only.

    `whole` is False when the file has more than `most` rows: then the counts are of these.
    """
    return try_out(import_or_404(import_id), most=most)


def try_out(bringer: PeopleImport, *, most: int = MOST) -> dict[str, Any]:
    """The same for an import that need not be in the database."""
    read = row_reader(bringer)
    reader = open_rows(bringer, {})
    trial = _Trial()
    owners: dict[Pair, int] = {}
    matcher = Matcher(owners, lambda _person_id: False)
    whole = False
    while not whole and trial.read < most:
        said: list[Said] = []
        whole = _read_chunk(reader, read.read, trial, said)
        pairs = {pair for row in said for pair in row.pairs if pair not in owners}
        owners.update(ids_by_identities(pairs))
        trial.note_said(said, matcher.match(said))
    names = _names(row["person_id"] for row in trial.rows if row["person_id"])
    for row in trial.rows:
        row["known_as"] = names.get(row["person_id"])
    return {
        "counts": {
            "read": trial.read,
            "new": trial.new,
            "known": trial.known,
            "merge_proposals": len(trial.proposals),
            "refused": trial.reasons.total(),
        },
        "suppressed": trial.suppressed,
        "reasons": dict(trial.reasons),
        "rows": trial.rows,
        "refusals": trial.refusals,
        "whole": whole,
    }


def _read_chunk(reader: Reader, read: Callable[[Row], Said | Refused], trial: _Trial, said: list[Said]) -> bool:
    """Whether the file has come to its end."""
    count = 0
    with closing(reader.rows()) as rows:
        for row in islice(rows, CHUNK):
            count += 1
            one = read(row)
            if isinstance(one, Said):
                said.append(one)
            else:
                trial.note_refused(one)
    trial.read += count
    return count < CHUNK


def _names(person_ids: Iterable[int]) -> dict[int, str]:
    rows = session().execute(select(Person.id, Person.name).where(Person.id.in_(set(person_ids))))
    return {row[0]: row[1] for row in rows}
