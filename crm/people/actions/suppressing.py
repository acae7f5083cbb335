"""The suppression list: written once per identity, never shortened by a merge, an erasure or an import; only what was
recorded by mistake is taken back, a moment later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, update

from crm.core.bulk import chunks, load
from crm.core.db import session
from crm.core.tokens import keyed_hash
from crm.people.models import Suppression
from crm.people.queries import identities_of
from crm.people.rules import LIFTABLE, SuppressionReason

CHUNK = 5000


def suppress_hashes(since: Mapping[str, datetime], reason: SuppressionReason, at: datetime) -> None:
    """Like suppress_pairs, for hashes under our own key, each with the moment since which it is on a list."""
    rows = [(one, reason, moment) for one, moment in sorted(since.items())]
    load(cast(Table, Suppression.__table__), ("hash", "reason", "at"), rows, ignore_known=True)
    if reason not in LIFTABLE:
        for some in chunks(since, CHUNK):
            liftable = [Suppression.hash.in_(some), Suppression.reason.in_(LIFTABLE)]
            session().execute(update(Suppression).where(*liftable).values(reason=reason, at=at))


def suppress_pairs(pairs: Collection[tuple[str, str]], reason: SuppressionReason, at: datetime) -> list[str]:
    """Puts identities on the list; the first reason stays, but what can be lifted gives way to what is final.

    Returns their hashes.
    """
    hashes = sorted({keyed_hash(f"{kind}:{value}") for kind, value in pairs})
    suppress_hashes(dict.fromkeys(hashes, at), reason, at)
    return hashes


def suppress(person_ids: Collection[int], reason: SuppressionReason, at: datetime) -> int:
    """Nobody writes to these people again, under any identity; returns how many identities they have."""
    pairs = [(kind, value) for _person_id, kind, value in identities_of(person_ids)]
    suppress_pairs(pairs, reason, at)
    return len(pairs)


def unsuppress(hashes: Collection[str]) -> None:
    """Takes back what a refusal put on the list by mistake; whoever calls it writes into the journal why."""
    session().execute(delete(Suppression).where(Suppression.hash.in_(hashes)))
