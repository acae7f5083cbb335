"""A request is written, withdrawn, answered and moved."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import select

from crm.builds.models import CheckIn
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.errors import MoveRefused, NotAllowed, NotUnderstood
from crm.core.journal import JournalEntry
from crm.feedback.actions import answer, move, support, withdraw_request, write_request
from crm.feedback.models import Request
from crm.feedback.queries import answers_of
from crm.feedback.rules import REQUEST_MOVES, RequestKind, RequestState, Severity
from crm.people.models import Person
from tests import make
from tests.make import T0

MOVES = list(product(RequestState, RequestState))


def fault(author: Person, build_id: int | None = None) -> Request:
    return write_request(
        author.id,
        RequestKind.FAULT,
        "Wi-Fi drops",
        "After the screen locks",
        at=T0,
        severity=Severity.MAJOR,
        build_id=build_id,
    )


def test_a_fault_of_a_build_is_a_sign_that_its_writer_ran_it(ada: Person) -> None:
    build = make.build()
    fault(ada, build.id)
    sign = session().scalars(select(CheckIn).where(CheckIn.person_id == ada.id)).one()
    assert (sign.kind, sign.build_id, sign.at) == (CheckInKind.REPORT, build.id, T0)


def test_an_idea_is_no_sign_that_a_build_ran(ada: Person) -> None:
    write_request(ada.id, RequestKind.IDEA, "A widget", "", at=T0, build_id=make.build().id)
    assert session().scalar(select(CheckIn)) is None


@pytest.mark.parametrize(
    ("kind", "severity", "title"),
    [
        (RequestKind.FAULT, None, "No severity"),
        (RequestKind.IDEA, Severity.MINOR, "A severity too many"),
        (RequestKind.IDEA, None, "  "),
        (RequestKind.IDEA, None, "x" * 151),
    ],
)
def test_a_misshapen_request_is_refused(ada: Person, kind: RequestKind, severity: Severity | None, title: str) -> None:
    with pytest.raises(NotUnderstood):
        write_request(ada.id, kind, title, "", at=T0, severity=severity)


def test_a_withdrawn_request_that_others_need_stays_open_without_its_writer(ada: Person, bo: Person) -> None:
    request = fault(ada)
    support(request.id, bo.id, T0)
    assert withdraw_request(request.id, ada.id, at=T0) is RequestState.OPEN
    assert request.supporters == 1


def test_a_request_that_nobody_else_needs_is_withdrawn_once(ada: Person) -> None:
    request = fault(ada)
    assert withdraw_request(request.id, ada.id, at=T0) is RequestState.WITHDRAWN
    assert (request.state, request.supporters) == (RequestState.WITHDRAWN, 0)
    assert withdraw_request(request.id, ada.id, at=T0) is RequestState.WITHDRAWN


def test_only_its_writer_withdraws_a_request(ada: Person, bo: Person) -> None:
    with pytest.raises(NotAllowed):
        withdraw_request(fault(ada).id, bo.id, at=T0)


def test_an_answer_is_public_and_names_who_gave_it(ada: Person, lin: Person) -> None:
    request = fault(ada)
    answer(request.id, " We have found it. ", staff_id=lin.id, at=T0)
    assert [(found.body, name) for found, name in answers_of(request.id)] == [("We have found it.", "Lin")]


@pytest.mark.parametrize(("was", "to"), MOVES, ids=[f"{was}-{to}" for was, to in MOVES])
def test_only_moves_of_the_table_are_made(ada: Person, was: RequestState, to: RequestState) -> None:
    request, build = fault(ada), make.build()
    request.state = was
    request.shipped_in_id = build.id if was is RequestState.SHIPPED else None
    session().flush()
    if to in REQUEST_MOVES[was]:
        move(request.id, to, at=T0, shipped_in_id=build.id)
        assert request.state is to
        assert (request.shipped_in_id == build.id) is (to is RequestState.SHIPPED)
        entry = session().scalars(select(JournalEntry).where(JournalEntry.action == "feedback.move")).one()
        assert entry.before == {"state": was.value}
    else:
        with pytest.raises(MoveRefused):
            move(request.id, to, at=T0, shipped_in_id=build.id)
        assert request.state is was


def test_who_saw_an_older_state_moves_nothing(ada: Person) -> None:
    request = fault(ada)
    move(request.id, RequestState.PLANNED, at=T0, was=RequestState.OPEN)
    with pytest.raises(MoveRefused, match="meanwhile"):
        move(request.id, RequestState.DECLINED, at=T0, was=RequestState.OPEN)
    assert request.state is RequestState.PLANNED


def test_shipping_names_the_build(ada: Person) -> None:
    with pytest.raises(NotUnderstood, match="build"):
        move(fault(ada).id, RequestState.SHIPPED, at=T0)
