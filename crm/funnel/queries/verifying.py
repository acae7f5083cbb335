"""Whether what is kept agrees with what it was made from."""

from __future__ import annotations

from sqlalchemy import select

from crm.core.db import session
from crm.funnel.models import FunnelCell, Standing
from crm.funnel.rules import LADDER

Key = tuple[int, int, str, str]


def kept_cells() -> dict[Key, list[int]]:
    cells = session().scalars(select(FunnelCell))
    found = {(c.week, c.origin_id, c.source_key, c.channel): [c.n1, c.n2, c.n3, c.n4] for c in cells}
    return {key: counts for key, counts in found.items() if any(counts)}


def counted_cells() -> dict[Key, list[int]]:
    """What the rollup must hold, counted from the standings."""
    found: dict[Key, list[int]] = {}
    columns = (Standing.reached, Standing.week, Standing.origin_id, Standing.source_key, Standing.channel)
    for reached, week, origin_id, source_key, channel in session().execute(
        select(*columns).where(Standing.reached > 0)
    ):
        counts = found.setdefault((week, origin_id or 0, source_key, channel or ""), [0] * len(LADDER))
        for rung in range(reached):
            counts[rung] += 1
    return found


def differing_cells() -> list[Key]:
    """Cells of the rollup that differ from the standings; none when all is well."""
    kept, counted = kept_cells(), counted_cells()
    return sorted(key for key in kept.keys() | counted.keys() if kept.get(key) != counted.get(key))
