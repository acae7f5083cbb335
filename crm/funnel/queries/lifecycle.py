"""Each week's people: new, returning, resurrected, dormant."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from crm.core import weeks
from crm.funnel.models import Activity, Standing
from crm.funnel.queries.among import rows
from crm.funnel.rules.weekbits import history, positions

WEEKS = "weeks"
KINDS = ("new", "returning", "resurrected", "dormant")


def compute_weeks() -> dict[str, Any]:
    """`{"rows": [{"week", "new", "returning", "resurrected", "dormant"}]}`, every week from the first check-in to the
    last.

    new: the first check-in of all; returning: also active the week before; resurrected: neither; dormant: active the
    week before, not in this one.
    """
    words: dict[int, list[tuple[int, int]]] = {}
    query = select(Activity.person_id, Activity.era, Activity.bits).join(
        Standing, Standing.person_id == Activity.person_id
    )
    for person_id, era, bits in rows(query):
        words.setdefault(person_id, []).append((era, bits))
    base = min((era for found in words.values() for era, _ in found), default=0)
    counts: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    for seen in Counter(history(found, base) for found in words.values()).items():
        _count(*seen, counts)
    last = max((max(counts[kind], default=-1) for kind in KINDS if kind != "dormant"), default=-1)
    first = min(counts["new"], default=0)
    return {
        "rows": [
            {"week": weeks.iso_name(base * 64 + position), **{kind: counts[kind][position] for kind in KINDS}}
            for position in range(first, last + 1)
        ]
    }


def _count(bits: int, people: int, counts: dict[str, Counter[int]]) -> None:
    new, before = bits & -bits, bits << 1
    for kind, found in (
        ("new", new),
        ("returning", bits & before),
        ("resurrected", bits & ~before & ~new),
        ("dormant", before & ~bits),
    ):
        for position in positions(found):
            counts[kind][position] += people
