"""The suppression list by hand: look up, add one or a file of them, lift what says nothing of a person's will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from crm.core import journal
from crm.core.bulk import chunks
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood
from crm.core.tokens import keyed_hash
from crm.people.actions.suppressing import suppress, suppress_hashes, suppress_pairs
from crm.people.actions.suppression_files import Line, Preview, key_mark, read_identity, read_lines
from crm.people.models import Identity, Suppression
from crm.people.queries import Pair, ids_by_identities, suppressed_hashes, suppression_of
from crm.people.rules import LIFTABLE, SuppressionReason

CHUNK = 5000


def add_to_list(pairs: list[Pair], reason: SuppressionReason, at: datetime) -> None:
    """A person whom we know by one of them is left alone under every identity; an address that takes no mail is one
    address."""
    suppress_pairs(pairs, reason, at)
    known = set(ids_by_identities(pairs).values())
    if known and reason not in LIFTABLE:
        suppress(known, reason, at)


def add_one(written: str, reason: SuppressionReason, at: datetime) -> Pair:
    """Raises NotUnderstood."""
    pair = read_identity(written)
    before = suppression_of(*pair)
    add_to_list([pair], reason, at)
    told = {"reason": reason.value}
    _journal("add", pair, at, before={"reason": before.reason.value} if before else None, after=told)
    return pair


def lift(written: str, why: str, at: datetime) -> Pair:
    """Takes an address off the list that came on it by bounces. Raises NotUnderstood, NotThere, MoveRefused."""
    pair = read_identity(written)
    found = suppression_of(*pair)
    if found is None:
        raise NotThere(_("This identity is not on the list."))
    if found.reason not in LIFTABLE:
        raise MoveRefused(_("They asked to be left alone, or were forgotten: that is final, and nobody can lift it."))
    if not why.strip():
        raise NotUnderstood(_("Say why it may be written to again."))
    session().execute(
        delete(Suppression).where(Suppression.hash == found.hash, Suppression.reason.in_(sorted(LIFTABLE)))
    )
    _journal("lift", pair, at, before={"reason": found.reason.value}, after={"why": why.strip()[:500]})
    return pair


def _journal(what: str, pair: Pair, at: datetime, **told: Any) -> None:
    """By its hash: the list itself does not know whose it is either."""
    subject = f"suppression:{keyed_hash(':'.join(pair))[:16]}"
    journal.record(f"suppression.{what}", subject, at=at, about_id=ids_by_identities([pair]).get(pair), **told)


def preview_list(key: str, default: SuppressionReason) -> Preview:
    """What adding the file would do; nothing is written."""
    told = Preview()
    for chunk in chunks(read_lines(key, default, told), CHUNK):
        known = suppressed_hashes([line.hash for line in chunk])
        told.known += len(known)
        told.new += len(chunk) - len(known)
        told.reasons.update(line.reason for line in chunk)
    return told


def add_list(key: str, default: SuppressionReason, at: datetime) -> int:
    """How many identities the file named. It is gone afterwards."""
    told, count = Preview(), 0
    for chunk in chunks(read_lines(key, default, told), CHUNK):
        for reason in SuppressionReason:
            _add_lines([line for line in chunk if line.reason is reason], reason, at)
        count += len(chunk)
    after = {"identities": count, "refused": told.refused_count, "reason": default.value}
    journal.record("suppression.import", "suppression:list", at=at, after=after)
    return count


def _add_lines(lines: list[Line], reason: SuppressionReason, at: datetime) -> None:
    """An exported line keeps its moment; nothing can have come on a list later than now."""
    if not lines:
        return
    suppress_hashes({line.hash: min(line.since or at, at) for line in lines}, reason, at)
    if pairs := [line.pair for line in lines if line.pair]:
        add_to_list(pairs, reason, at)


def exported() -> Iterator[tuple[str, str, str, str, str]]:
    """EXPORTED of the whole list: the identity only where we still know somebody by it, the key by its mark."""
    lines = {row.hash: row for row in session().execute(select(Suppression.hash, Suppression.reason, Suppression.at))}
    by_hash, mark = dict[str, str](), key_mark()
    for kind, value in session().execute(select(Identity.kind, Identity.value).execution_options(yield_per=CHUNK)):
        one = keyed_hash(f"{kind}:{value}")
        if one in lines:
            by_hash[one] = f"{kind}:{value}"
    for one, row in sorted(lines.items(), key=lambda line: (line[1].at, line[0])):
        yield one, row.reason.value, row.at.isoformat(), by_hash.get(one, ""), mark
