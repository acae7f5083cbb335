"""F-codes: one by what was typed, a person's own, all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import product
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from crm.core.bulk import chunks
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.paging import Page, SortKey, page
from crm.fcodes.models import FCode
from crm.fcodes.rules import LENGTH, CodeState, Mistyped, read_code
from crm.people.models import Person

MANY = 10_000


class CodeMistyped(NotUnderstood):
    pass


class NoSuchCode(NotThere):
    pass


def typed(text: str) -> str:
    """The code as it is stored. Raises CodeMistyped, which says what is wrong with what was typed."""
    try:
        return read_code(text)
    except Mistyped as error:
        if error.why == "sign":
            told = _("“%(sign)s” is in no F-code: they are made of letters and digits.", sign=error.sign)
        elif error.why == "length":
            told = _("An F-code has %(length)s letters and digits. Compare it with what you got.", length=LENGTH)
        else:
            told = _("One sign of this F-code is wrong, or two changed places. Compare it with what you got.")
        raise CodeMistyped(told) from error


def find(text: str) -> FCode:
    """Raises CodeMistyped, NoSuchCode."""
    found = session().scalar(select(FCode).where(FCode.code == typed(text)))
    if found is None:
        raise NoSuchCode(_("There is no such F-code. Ask who gave it to you to copy it for you."))
    return found


def in_state(state: CodeState, now: datetime) -> ColumnElement[bool]:
    """A WHERE over F-codes."""
    clauses: dict[CodeState, ColumnElement[bool]] = {
        CodeState.READY: and_(FCode.redeemed_at.is_(None), FCode.revoked_at.is_(None), FCode.expires_at > now),
        CodeState.REDEEMED: FCode.redeemed_at.is_not(None),
        CodeState.REVOKED: FCode.revoked_at.is_not(None),
        CodeState.EXPIRED: and_(FCode.redeemed_at.is_(None), FCode.revoked_at.is_(None), FCode.expires_at <= now),
    }
    return clauses[state]


def _friend() -> Any:
    return aliased(Person, name="friend")


def codes_page(state: CodeState | None, now: datetime, after: str | None, before: str | None) -> Page:
    """All codes, the newest first, with the names of giver and friend."""
    friend = _friend()
    query = (
        select(
            FCode.id,
            FCode.code,
            FCode.giver_id,
            FCode.issued_at,
            FCode.expires_at,
            FCode.redeemed_by_id,
            FCode.redeemed_at,
            FCode.revoked_at,
            Person.name.label("giver"),
            friend.name.label("friend"),
        )
        .join(Person, Person.id == FCode.giver_id)
        .outerjoin(friend, friend.id == FCode.redeemed_by_id)
    )
    if state is not None:
        query = query.where(in_state(state, now))
    keys = [SortKey(FCode.issued_at, descending=True), SortKey(FCode.id, descending=True)]
    return page(query, keys, after=after, before=before)


def counts(now: datetime) -> dict[CodeState, int]:
    found = (
        session()
        .execute(select(*(func.count().filter(in_state(state, now)) for state in CodeState)).select_from(FCode))
        .one()
    )
    return dict(zip(CodeState, found, strict=True))


def codes_of(giver_id: int, limit: int = 200) -> list[Any]:
    """What a person may give, newest first, with the name of who redeemed each."""
    friend = _friend()
    query = (
        select(FCode, friend.name.label("friend"))
        .outerjoin(friend, friend.id == FCode.redeemed_by_id)
        .where(FCode.giver_id == giver_id)
        .order_by(FCode.issued_at.desc(), FCode.id.desc())
    )
    return list(session().execute(query.limit(limit)))


def name_of(person_id: int) -> str:
    return session().scalar(select(Person.name).where(Person.id == person_id)) or ""


def redeemed_code(person_id: int) -> FCode | None:
    """By which a person came."""
    query = select(FCode).where(FCode.redeemed_by_id == person_id).order_by(FCode.redeemed_at.desc())
    return session().scalar(query.limit(1))


def touched(person_ids: Iterable[int]) -> set[int]:
    """Those of them who were given codes, gave them out or redeemed one."""
    found: set[int] = set()
    for some, column in product(
        list(chunks(person_ids, MANY)), (FCode.giver_id, FCode.issued_by_id, FCode.redeemed_by_id)
    ):
        found.update(session().scalars(select(column).where(column.in_(some)).distinct()))
    return found
