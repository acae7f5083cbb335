"""Codes come into the world, and are taken back."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, update

from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood, Refusal
from crm.fcodes.models import FCode
from crm.fcodes.rules import ALPHABET, LENGTH, MOST_AT_ONCE, with_check
from crm.people.queries import person_or_404, suppressed


class LeftAlone(Refusal):
    """Codes would have to be brought to whom no channel may write to."""


FCODE = cast(Table, FCode.__table__)


def new_code() -> str:
    """Nine signs of the system's randomness (44 bits) and the check sign."""
    return with_check("".join(secrets.choice(ALPHABET) for _place in range(LENGTH - 1)))


def issue(
    giver_id: int, count: int, *, at: datetime, expires_at: datetime, issued_by_id: int | None = None
) -> list[str]:
    """Gives somebody `count` codes for their friends. Raises NotThere, NotUnderstood, LeftAlone."""
    giver = person_or_404(giver_id)
    if not 1 <= count <= MOST_AT_ONCE:
        raise NotUnderstood(_("Give from 1 to %(most)s codes at once.", most=MOST_AT_ONCE))
    if expires_at <= at:
        raise NotUnderstood(_("The codes would have expired already: choose a later day."))
    if suppressed([giver.id]):
        raise LeftAlone(_("This person is on the list of those who are left alone: nobody writes to them."))
    row = {"giver_id": giver.id, "issued_by_id": issued_by_id, "issued_at": at, "expires_at": expires_at}
    made: list[str] = []
    while len(made) < count:
        code = new_code()
        made += [code] * insert_or_pass(FCODE, [{"code": code, **row}])
    journal.record(
        "fcodes.issue",
        f"person:{giver.id}",
        at=at,
        about_id=giver.id,
        after={"count": count, "expires_at": expires_at.isoformat()},
    )
    return made


def revoke(code_id: int, *, at: datetime) -> None:
    """Nobody can redeem it any more. Raises NotThere, MoveRefused when somebody has redeemed it; again: a no-op."""
    moved = session().execute(
        update(FCode)
        .where(FCode.id == code_id, FCode.redeemed_at.is_(None), FCode.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(FCode.giver_id)
    )
    giver_id = moved.scalar()
    if giver_id is not None:
        journal.record("fcodes.revoke", f"fcode:{code_id}", at=at, about_id=giver_id)
        return
    found = session().get(FCode, code_id, populate_existing=True)
    if found is None:
        raise NotThere(_("There is no such F-code."))
    if found.redeemed_at is not None:
        raise MoveRefused(_("This F-code has been redeemed already; it can no longer be revoked."))
