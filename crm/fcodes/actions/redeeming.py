"""A friend redeems a code: once, in time, and not one's own."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import exists, select, update

from crm.accounts.queries import is_tester
from crm.core.db import session
from crm.core.errors import Refusal
from crm.fcodes.models import FCode
from crm.fcodes.queries import find
from crm.fcodes.rules import CodeState, state_of
from crm.people.actions import add_source, make_origin
from crm.people.models import Source
from crm.people.queries import person_or_404
from crm.people.rules import OriginKind

SITE = "F-code"
BASIS = "asked for it with an F-code, on our own page"


class CodeRefused(Refusal):
    pass


class CodeSpent(CodeRefused):
    pass


class CodeExpired(CodeRefused):
    pass


class CodeRevoked(CodeRefused):
    pass


class OwnCode(CodeRefused):
    pass


class AlreadyTester(CodeRefused):
    pass


def origin() -> int:
    """One for all codes: who gave one stands as recruiter on the source."""
    return make_origin(OriginKind.FCODE, "fcodes", "F-codes")


def refuse_unready(code: FCode, at: datetime) -> None:
    """Raises CodeSpent, CodeExpired, CodeRevoked."""
    state = state_of(code.expires_at, code.redeemed_at, code.revoked_at, at)
    if state is CodeState.REDEEMED:
        raise CodeSpent(_("This F-code has been redeemed already. Each code is for one friend: ask for another one."))
    if state is CodeState.EXPIRED:
        raise CodeExpired(_("This F-code has expired. Ask who gave it to you for a new one."))
    if state is CodeState.REVOKED:
        raise CodeRevoked(_("This F-code is no longer valid: it was taken back. Ask its giver for another one."))


def stand_as_recruiter(person_id: int, giver_id: int, at: datetime) -> int:
    """The giver brought this person: a source that says so, once. Returns its origin."""
    origin_id = origin()
    known = exists().where(
        Source.person_id == person_id, Source.recruiter_id == giver_id, Source.origin_id == origin_id
    )
    if not session().scalar(select(known)):
        add_source(person_id, site=SITE, basis=BASIS, at=at, recruiter_id=giver_id, origin_id=origin_id)
    return origin_id


def redeem(code: str, person_id: int, *, at: datetime) -> FCode:
    """Spends the code; its giver stands as the person's recruiter. Once more by the same person is a no-op.

    Accepting the agreement is a step of its own (see `joining`). Raises CodeMistyped, NoSuchCode, CodeRefused.
    """
    found, person = find(code), person_or_404(person_id)
    if found.redeemed_by_id == person.id:
        return found
    refuse_unready(found, at)
    if person_or_404(found.giver_id).id == person.id:
        raise OwnCode(_("This is your own F-code. It is for a friend; give it away."))
    if is_tester(person.id):
        raise AlreadyTester(_("You are a tester already. The F-code is still good: give it to a friend."))
    moved = session().execute(
        update(FCode)
        .where(
            FCode.id == found.id,
            FCode.redeemed_at.is_(None),
            FCode.revoked_at.is_(None),
            FCode.expires_at > at,
        )
        .values(redeemed_by_id=person.id, redeemed_at=at)
        .returning(FCode.id)
    )
    if moved.first() is None:  # somebody was faster between the look and the move
        session().refresh(found)
        refuse_unready(found, at)
    session().refresh(found)
    stand_as_recruiter(person.id, found.giver_id, at)
    return found
