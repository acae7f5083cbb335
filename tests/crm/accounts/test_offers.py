"""What other rooms get of this one: merge, export, forget, timeline, filters; and what the sweep throws away."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from crm.accounts.actions import end_agreement, make_api_token, make_link, note_try, open_session, sweep_ended
from crm.accounts.actions.sweeping import ENDED_KEPT
from crm.accounts.models import AccountLink, Agreement, ApiToken, Attempt, Credential, SignInSession
from crm.accounts.offers import OFFERS, timeline, touched
from crm.accounts.rules import ATTEMPTS_KEPT, LINK_LIVES, SESSION_LIVES, LinkKind, Scope
from crm.accounts.tasks import sweep
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.owned import export_rows, forget_rows, move_back, move_rows
from crm.people import queries
from crm.people.models import Person
from tests import make
from tests.make import T0


def with_everything(who: Person) -> None:
    open_session(who.id, as_staff=False, at=T0)
    make_link(LinkKind.SIGN_IN, who.id, at=T0)
    make_api_token(who.id, "updater", [Scope.CHECK_INS_WRITE], at=T0)


def matching(key: str, value: str) -> set[int]:
    return set(session().scalars(queries.matching({key: value}, T0)))


def test_an_export_holds_no_secret(lin: Person) -> None:
    with_everything(lin)
    credential = session().get_one(Credential, lin.id)
    credential.password_hash, credential.totp_secret = "the hash", "the secret"
    session().flush()
    found = export_rows(OFFERS.owned, lin.id)
    assert {"credential", "sign_in_session", "api_token", "staff_role"} <= found.keys()
    told = json.dumps(found)
    assert "digest" not in told
    assert "the hash" not in told
    assert "the secret" not in told


def test_forgetting_leaves_only_that_there_was_a_tester(ada: Person) -> None:
    with_everything(ada)
    end_agreement(ada.id, at=T0, reason="my wife is ill")
    forget_rows(OFFERS.owned, ada.id)
    for model in (SignInSession, AccountLink, ApiToken):
        assert session().query(model).count() == 0
    assert session().scalars(select(Agreement.end_reason)).all() == [None]


def test_a_merge_moves_and_an_unmerge_gives_back(ada: Person, bo: Person) -> None:
    with_everything(ada)
    moved = move_rows(OFFERS.owned, bo.id, ada.id)
    assert session().scalars(select(Agreement.person_id)).all() == [bo.id]
    move_back(OFFERS.owned, moved, ada.id)
    assert session().scalars(select(Agreement.person_id)).all() == [ada.id]


def test_of_two_running_agreements_a_merge_keeps_one_with_each(ada: Person) -> None:
    other = make.tester("Ada Two")
    assert "agreement.person_id" not in move_rows(OFFERS.owned, ada.id, other.id)


def test_the_timeline_tells_of_the_agreement_newest_first(database: Flask, ada: Person) -> None:
    end_agreement(ada.id, at=T0 + timedelta(days=3), reason="moved on")
    with database.test_request_context("/", headers={"Accept-Language": "en"}):
        left, accepted = timeline(ada.id, None, 10)
        assert (left.at, left.detail) == (T0 + timedelta(days=3), "moved on")
        assert "version 1" in accepted.text
        assert timeline(ada.id, T0 + timedelta(days=1), 10) == [accepted]
        assert timeline(ada.id, None, 1) == [left]


def test_filters_find_testers_and_who_left(ada: Person, bo: Person, lin: Person) -> None:
    session().add(Agreement(person_id=lin.id, version=1, accepted_at=T0))
    left = make.tester("Gone")
    end_agreement(left.id, at=T0, reason="")
    assert matching("tester", "yes") == {ada.id}
    assert matching("agreement", "running") == {ada.id, lin.id}
    assert matching("agreement", "ended") == {left.id}
    assert matching("agreement", "never") == {bo.id}
    with pytest.raises(NotUnderstood):
        matching("agreement", "perhaps")


def test_who_is_a_tester_or_has_an_account_is_touched(ada: Person, bo: Person, lin: Person) -> None:
    assert touched([ada.id, bo.id, lin.id]) == {ada.id, lin.id}


# ---------------------------------------------------------------- the sweep


def test_the_sweep_takes_what_ended_and_nothing_else(ada: Person) -> None:
    with_everything(ada)
    note_try("ada@testers.example", "10.0.0.1", at=T0)
    assert sweep_ended(T0 + ATTEMPTS_KEPT - timedelta(seconds=1)) == 0
    assert sweep_ended(T0 + ATTEMPTS_KEPT) == 2
    assert sweep_ended(T0 + LINK_LIVES[LinkKind.SIGN_IN] + ENDED_KEPT) == 1
    assert session().query(SignInSession).count() == 1
    assert sweep_ended(T0 + SESSION_LIVES + ENDED_KEPT) == 1


def test_the_task_run_late_and_twice_does_it_once(ada: Person) -> None:
    """Everything is from January; the sweep comes when it comes."""
    with_everything(ada)
    note_try("ada@testers.example", "10.0.0.1", at=T0)
    fresh = open_session(ada.id, as_staff=False, at=clock.now())
    for _ in range(2):
        sweep.run()
        assert session().query(SignInSession).count() == 1
        assert session().query(AccountLink).count() == session().query(Attempt).count() == 0
    assert fresh
