"""A code is redeemed once, in time, by a friend; its giver stands as recruiter."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.fcodes.actions import CodeSpent, OwnCode, issue, redeem, revoke
from crm.fcodes.actions.redeeming import AlreadyTester, CodeExpired, CodeRevoked
from crm.fcodes.models import FCode
from crm.fcodes.queries import CodeMistyped, NoSuchCode, find
from crm.fcodes.rules import grouped, with_check
from crm.people.models import Origin, Person, Source
from crm.people.rules import OriginKind
from tests import make
from tests.make import T0

LATER = T0 + timedelta(days=30)


@pytest.fixture
def code(ada: Person, lin: Person) -> str:
    return issue(ada.id, 1, at=T0, expires_at=LATER, issued_by_id=lin.id)[0]


def test_as_many_codes_are_issued_as_were_asked_for(ada: Person) -> None:
    made = issue(ada.id, 20, at=T0, expires_at=LATER)
    assert len(set(made)) == 20
    assert all(find(code).giver_id == ada.id for code in made)


def test_codes_that_would_have_expired_are_not_issued(ada: Person) -> None:
    with pytest.raises(NotUnderstood):
        issue(ada.id, 1, at=T0, expires_at=T0)


def test_the_giver_stands_as_recruiter_of_the_friend(ada: Person, bo: Person, code: str) -> None:
    redeem(grouped(code).lower(), bo.id, at=T0)
    source, origin = (
        session()
        .execute(select(Source, Origin).join(Origin, Origin.id == Source.origin_id).where(Source.person_id == bo.id))
        .one()
    )
    assert source.recruiter_id == ada.id
    assert origin.kind is OriginKind.FCODE
    assert find(code).redeemed_by_id == bo.id


def test_a_spent_code_cannot_be_redeemed_again(bo: Person, mallory: Person, code: str) -> None:
    redeem(code, bo.id, at=T0)
    with pytest.raises(CodeSpent):
        redeem(code, mallory.id, at=T0)
    assert find(code).redeemed_by_id == bo.id


def test_the_same_friend_redeems_it_twice_without_effect(bo: Person, code: str) -> None:
    redeem(code, bo.id, at=T0)
    redeem(code, bo.id, at=T0 + timedelta(days=1))
    assert find(code).redeemed_at == T0
    assert len(session().scalars(select(Source).where(Source.person_id == bo.id)).all()) == 1


def test_an_expired_code_is_refused(bo: Person, code: str) -> None:
    with pytest.raises(CodeExpired):
        redeem(code, bo.id, at=LATER)


def test_a_revoked_code_is_refused_and_a_redeemed_one_cannot_be_revoked(bo: Person, ada: Person, code: str) -> None:
    other = issue(ada.id, 1, at=T0, expires_at=LATER)[0]
    revoke(find(code).id, at=T0)
    revoke(find(code).id, at=LATER)
    assert find(code).revoked_at == T0
    with pytest.raises(CodeRevoked):
        redeem(code, bo.id, at=T0)
    redeem(other, bo.id, at=T0)
    with pytest.raises(MoveRefused):
        revoke(find(other).id, at=T0)


def test_nobody_redeems_their_own_code(code: str, ada: Person, lin: Person) -> None:
    with pytest.raises(OwnCode):
        redeem(code, ada.id, at=T0)
    assert find(code).redeemed_at is None


def test_a_tester_leaves_the_code_for_somebody_else(code: str) -> None:
    with pytest.raises(AlreadyTester):
        redeem(code, make.tester("Cy").id, at=T0)
    assert find(code).redeemed_at is None


def test_typing_errors_and_unknown_codes_are_told_apart(bo: Person, code: str) -> None:
    with pytest.raises(CodeMistyped):
        redeem(code[:-1], bo.id, at=T0)
    unknown = with_check("000000000")
    assert session().scalar(select(FCode).where(FCode.code == unknown)) is None
    with pytest.raises(NoSuchCode):
        redeem(unknown, bo.id, at=T0)
