"""Writing what was computed: only what differs, in bulk, standing and moves and rollup together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, update

from crm.core import weeks
from crm.core.bulk import load
from crm.core.db import session
from crm.funnel.actions.rollup import Cells, add_cells, bump
from crm.funnel.models import Activity, Move, Standing
from crm.funnel.queries.among import among
from crm.funnel.queries.known import KEPT, Known
from crm.funnel.rules.facts import Path, Step
from crm.funnel.rules.sets import Ground
from crm.funnel.rules.weekbits import WORD, signed

STANDING = cast(Table, Standing.__table__)
MOVE = cast(Table, Move.__table__)
ACTIVITY = cast(Table, Activity.__table__)
COLUMNS = tuple(column.name for column in STANDING.columns)
MOVE_COLUMNS = (
    "person_id", "from_stage", "to_stage", "at", "recorded_at", "why", "rule_version", "reconstructed",
)  # fmt: skip
KEPT_NAMES = tuple(column.key for column in KEPT)
FRESH = timedelta(weeks=1)


@dataclass(slots=True)
class Settled:
    known: Known
    path: Path


def is_reconstructed(at: datetime, recorded_at: datetime) -> bool:
    return recorded_at - at > FRESH


def write(
    settled: Sequence[Settled], without: Sequence[int], over: Ground, *, at: datetime, recorded_at: datetime
) -> None:
    """`without`: people who have no standing of their own, and lose the one they may have."""
    cells = Cells()
    moved = _moves(settled, at, recorded_at)
    changed = _standings(settled, moved, over, cells)
    noted = write_words(one.known for one in settled)
    dropped = _drop(without, cells)
    add_cells(cells)
    if changed or moved or noted or dropped:
        bump(recorded_at)


def _standings(settled: Sequence[Settled], moved: set[int], over: Ground, cells: Cells) -> bool:
    """Rewrites those of whom something differs. Whose moves are the same has the same dates."""
    old, new = [], []
    for one in settled:
        before = one.known.standing
        row = _row(one, over)
        kept = tuple(row[name] for name in KEPT_NAMES) if row is not None else None
        if kept is not None and before is not None and tuple(before) == kept and one.known.person_id not in moved:
            continue
        if before is not None:
            old.append(one.known.person_id)
            cells.take(before)
        if row is not None:
            new.append(tuple(row[name] for name in COLUMNS))
            cells.give(row)
    if old:
        session().execute(delete(Standing).where(among(Standing.person_id, old)))
    if new:
        load(STANDING, COLUMNS, new)
    return bool(old or new)


def _row(one: Settled, over: Ground) -> dict[str, Any] | None:
    """The row of the table `standing`; None for who is a prospect and nothing else."""
    path, known = one.path, one.known
    if not path.steps and path.first_week is None:
        return None
    first_at = path.steps[0].at if path.steps else path.since
    joined, source = known.joined, known.source
    origins = (
        known.contact[2] if path.contacted_at else None,
        joined[2] if joined else None,
        source[2] if source else None,
    )
    return {
        "person_id": known.person_id,
        "stage": path.stage,
        "since": path.since,
        "reached": path.reached,
        "came_in_at": path.came_in_at,
        "contacted_at": path.contacted_at,
        "joined_at": path.joined_at,
        "active_at": path.active_at,
        "retained_at": path.retained_at,
        "lapsed_at": path.lapsed_at,
        "declined_at": path.declined_at,
        "left_at": path.left_at,
        "warned_at": path.warned_at,
        "grace_until": path.grace_until,
        "first_week": path.first_week,
        "week": weeks.week_of(first_at, over.counted.zone),
        "rule_version": path.rule_version,
        "origin_id": next((origin for origin in origins if origin is not None), None),
        "source_id": source[0] if source else None,
        "source_key": source[1] if source else "",
        "channel": known.contact[1] if path.contacted_at else None,
    }


def _moves(settled: Sequence[Settled], at: datetime, recorded_at: datetime) -> set[int]:
    """Adds what is new, and marks what is told differently now; returns of whom. Moves after `at` are not judged."""
    rows: list[tuple[Any, ...]] = []
    past: list[int] = []
    moved: set[int] = set()
    for one in settled:
        steps, moves, person_id = one.path.steps, one.known.moves, one.known.person_id
        if len(moves) == len(steps) and all(_is_same(*pair) for pair in zip(moves, steps, strict=True)):
            continue
        moved.add(person_id)
        known = {(move.from_stage, move.to_stage, move.at): move.id for move in moves if move.at <= at}
        new = [step for step in steps if known.pop((step.from_stage, step.to_stage, step.at), None) is None]
        rows.extend(_move(person_id, step, recorded_at) for step in new)
        past.extend(known.values())
    if past:
        session().execute(update(Move).where(among(Move.id, past)).values(superseded_at=recorded_at))
    if rows:
        load(MOVE, MOVE_COLUMNS, rows)
    return moved


def _is_same(move: Any, step: Step) -> bool:
    return bool(move.at == step.at and move.to_stage is step.to_stage and move.from_stage is step.from_stage)


def _move(person_id: int, step: Step, recorded_at: datetime) -> tuple[Any, ...]:
    late = is_reconstructed(step.at, recorded_at)
    return (person_id, step.from_stage, step.to_stage, step.at, recorded_at, step.why, step.rule_version, late)


def write_words(people: Iterable[Known]) -> bool:
    """Rewrites the words of those whose weeks have changed."""
    old: list[int] = []
    rows: list[tuple[int, int, int]] = []
    for known in people:
        words = {era: signed(word & WORD) for era, word in known.words.items()}
        if words != known.kept_words:
            if known.kept_words:
                old.append(known.person_id)
            rows.extend((known.person_id, era, bits) for era, bits in sorted(words.items()))
    if old:
        session().execute(delete(Activity).where(among(Activity.person_id, old)))
    if rows:
        load(ACTIVITY, ("person_id", "era", "bits"), rows)
    return bool(old or rows)


def _drop(without: Sequence[int], cells: Cells) -> bool:
    if not without:
        return False
    gone = (
        session().execute(delete(Standing).where(among(Standing.person_id, without)).returning(*STANDING.columns)).all()
    )
    for row in gone:
        cells.take(row)
    if gone:
        session().execute(delete(Activity).where(among(Activity.person_id, without)))
    return bool(gone)


__all__ = ["Settled", "is_reconstructed", "write", "write_words"]
