from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from campaigns.credits.actions import answer_consent, answer_many, hide_name, show_name
from campaigns.credits.models import Consent
from campaigns.credits.queries import (
    appearances,
    consent_figures,
    consent_of,
    count_withdrawn,
    is_taken,
    looks_like_staff,
    my_name_token,
    withdrawn_at,
    withdrawn_page,
)
from campaigns.credits.rules import ConsentAnswer, EditionState
from campaigns.credits.rules.likeness import likeness
from crm.accounts.actions import end_agreement
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood
from crm.core.journal import JournalEntry
from crm.core.paging import PAGE
from crm.core.programme import Programme
from crm.outbox.models import Letter, Wording
from crm.outbox.queries.rendering import Rendered, render
from crm.people.actions import forget, merge, suppress
from crm.people.models import Person
from crm.people.rules import SuppressionReason
from tests import make
from tests.campaigns.credits.builders import AT, named_on, retained, says_yes
from tests.campaigns.credits.test_asking import selects

DAY = timedelta(days=1)


def test_no_row_means_not_answered(ada: Person) -> None:
    assert consent_of(ada.id) is None
    assert consent_figures() == {"yes": 0, "no": 0, "unanswered": 1}


def test_a_later_answer_replaces_an_earlier_one(ada: Person) -> None:
    answer_consent(ada.id, ConsentAnswer.YES, "Ada of the Forum", AT)
    answer_consent(ada.id, ConsentAnswer.NO, "", AT + timedelta(days=1))
    found = consent_of(ada.id)
    assert found is not None
    assert found.answer is ConsentAnswer.NO


def test_an_answer_that_arrives_late_does_not_undo_a_newer_one(ada: Person) -> None:
    answer_many([(ada.id, ConsentAnswer.NO, "", AT)])
    answer_many([(ada.id, ConsentAnswer.YES, "Ada", AT - timedelta(days=1))])
    session().expire_all()
    found = consent_of(ada.id)
    assert found is not None
    assert found.answer is ConsentAnswer.NO


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u200b", "x" * 201])
def test_a_yes_needs_a_name_that_can_be_drawn(ada: Person, name: str) -> None:
    with pytest.raises(NotUnderstood):
        answer_consent(ada.id, ConsentAnswer.YES, name, AT)


def test_a_name_is_kept_as_it_was_written(ada: Person) -> None:
    answer_consent(ada.id, ConsentAnswer.YES, "  ★小米粥★  \x00", AT)
    found = consent_of(ada.id)
    assert found is not None
    assert found.shown_name == "★小米粥★"


def test_many_answers_are_written_at_once(ada: Person) -> None:
    people = [make.tester(f"Tester{n}") for n in range(30)]
    rows = [(who.id, ConsentAnswer.YES if n % 3 else ConsentAnswer.NO, who.name, AT) for n, who in enumerate(people)]
    assert answer_many(rows) == 30
    assert consent_figures() == {"yes": 20, "no": 10, "unanswered": 1}


# ------------------------------------------------------------ look-alikes


def test_a_name_like_that_of_staff_is_seen_whatever_it_is_written_with(lin: Person, ada: Person) -> None:
    names = [(ada.id, "L\u0456n"), (ada.id + 1, "Ada"), (lin.id, "Lin"), (ada.id + 2, "")]
    assert looks_like_staff(names) == {ada.id}


def test_a_name_that_another_has_chosen_is_taken(programme: Programme, ada: Person) -> None:
    says_yes(retained("Bob"), "小米粥")
    assert is_taken(ada.id, "小 米粥")
    assert not is_taken(ada.id, "小米")
    says_yes(ada, "Ada")
    assert not is_taken(ada.id, "ADA")


def test_a_name_that_is_not_shown_is_not_taken(programme: Programme, ada: Person) -> None:
    withdrew, hidden, gone, merged = (retained(name) for name in ("Wan", "Hid", "Gone", "Mer"))
    for number, who in enumerate((withdrew, hidden, gone, merged)):
        says_yes(who, f"Name{number}")
    answer_consent(withdrew.id, ConsentAnswer.NO, "Name0", AT + DAY)
    hide_name(hidden.id, "rude", AT)
    forget(gone.id, at=AT)
    says_yes(ada, "Ada")
    merge(ada.id, merged.id, at=AT)
    assert [is_taken(ada.id, f"Name{number}") for number in range(4)] == [False] * 4


def test_whether_a_name_is_taken_is_one_question(programme: Programme, ada: Person) -> None:
    me, _bob = ada.id, says_yes(retained("Bob"), "小米粥")
    with selects() as asked:
        assert is_taken(me, "小米粥")
    assert len(asked) == 1


def test_the_likeness_is_kept_with_the_name_and_found_anew(programme: Programme, ada: Person, database: Flask) -> None:
    answer_consent(ada.id, ConsentAnswer.YES, "Ada", AT)
    kept = select(Consent.likeness).where(Consent.person_id == ada.id)
    assert session().scalar(kept) == likeness("Ada")
    session().execute(update(Consent).values(likeness="of an older table"))
    session().commit()
    runner = database.test_cli_runner()
    assert "1 names have another likeness now" in runner.invoke(args=["credits", "rebuild"]).output
    assert "0 names have another likeness now" in runner.invoke(args=["credits", "rebuild"]).output
    assert session().scalar(kept) == likeness("Ada")
    answer_consent(ada.id, ConsentAnswer.NO, "Ada", AT + DAY)
    assert session().scalar(kept) == ""


# ------------------------------------------------------------ hidden by staff


def _told() -> list[Rendered]:
    return [
        render(letter, session().get_one(Wording, letter.wording_id))
        for letter in session().scalars(select(Letter).order_by(Letter.id))
    ]


@pytest.mark.parametrize(("language", "says"), [("en", "off the boot screen for now"), ("zh", "暂时不显示你的名字")])
def test_whose_name_is_hidden_is_told_the_reason_and_where_to_choose_another(
    programme: Programme, language: str, says: str
) -> None:
    ada = says_yes(retained("Ada", language=language), "a bad word")
    assert hide_name(ada.id, "it insults a person", AT)
    letter = _told()[0]
    assert says in letter.subject
    assert "it insults a person" in letter.text
    assert f"/n/{my_name_token(ada.id)}" in letter.text
    entry = session().scalars(select(JournalEntry).where(JournalEntry.action == "hide_name")).one()
    assert entry.after == {"why": "it insults a person", "told_by_letter": True}


def test_whose_name_is_shown_again_is_told_that_too_each_time(programme: Programme) -> None:
    ada = says_yes(retained("Ada"))
    for _time in range(2):
        hide_name(ada.id, "rude", AT)
        assert show_name(ada.id, AT)
    assert len(_told()) == 4
    assert (
        session().scalars(select(JournalEntry.action).where(JournalEntry.action == "show_name")).all()
        == ["show_name"] * 2
    )


def test_a_name_is_hidden_once_and_told_once(programme: Programme) -> None:
    ada = says_yes(retained("Ada"))
    hide_name(ada.id, "rude", AT)
    with pytest.raises(MoveRefused):
        hide_name(ada.id, "very rude", AT)
    show_name(ada.id, AT)
    with pytest.raises(MoveRefused):
        show_name(ada.id, AT)
    with pytest.raises(NotThere):
        hide_name(retained("Bao").id, "rude", AT)
    assert len(_told()) == 2


def test_who_left_or_must_not_be_written_to_gets_no_letter(programme: Programme) -> None:
    left, refused = says_yes(retained("Lou")), says_yes(retained("Rex"))
    end_agreement(left.id, at=AT, reason="left")
    suppress([refused.id], SuppressionReason.DECLINED, AT)
    assert not hide_name(left.id, "rude", AT)
    assert not hide_name(refused.id, "rude", AT)
    assert _told() == []


def test_the_reason_is_forgotten_with_the_person(programme: Programme) -> None:
    ada = says_yes(retained("Ada"))
    hide_name(ada.id, "an insult of Bo", AT)
    forget(ada.id, at=AT)
    assert session().scalars(select(Letter.values)).all() == [None]
    assert not session().scalars(select(Wording.id).where(Wording.body.contains("an insult of Bo"))).all()


# ------------------------------------------------------------ withdrawn after it left


def test_a_withdrawal_is_dated_by_the_first_no(ada: Person) -> None:
    for day, answer in enumerate(("no", "yes", "no", "no")):
        answer_consent(ada.id, ConsentAnswer(answer), "Ada", AT + day * DAY)
    found = consent_of(ada.id)
    assert found is not None
    assert (found.withdrawn_at, withdrawn_at(found)) == (AT + 2 * DAY, AT + 2 * DAY)
    answer_consent(ada.id, ConsentAnswer.YES, "Ada", AT + 9 * DAY)
    found = consent_of(ada.id)
    assert found is not None
    assert (found.withdrawn_at, withdrawn_at(found)) == (None, None)


def test_which_builds_still_hold_a_withdrawn_name_is_on_record(programme: Programme) -> None:
    ada, bao, chen = (says_yes(retained(name)) for name in ("Ada", "Bao", "Chen"))
    build = make.build(platform="phone", version="1.8.12")
    first = named_on([ada, bao, chen], "First", state=EditionState.SUPERSEDED, build_id=build.id)
    second = named_on([ada, bao], "Second", state=EditionState.SHIPPED)
    named_on([ada], "Third", state=EditionState.FROZEN)
    assert (count_withdrawn(), withdrawn_page(None, None).rows) == (0, [])
    answer_consent(ada.id, ConsentAnswer.NO, "", AT + DAY)
    hide_name(bao.id, "rude", AT + 2 * DAY)
    rows = withdrawn_page(None, None).rows
    assert [(row.edition_id, row.person_id, row.build, row.since) for row in rows] == [
        (second.id, ada.id, None, AT + DAY),
        (second.id, bao.id, None, AT + 2 * DAY),
        (first.id, ada.id, "phone 1.8.12", AT + DAY),
        (first.id, bao.id, "phone 1.8.12", AT + 2 * DAY),
    ]
    assert count_withdrawn() == 4
    assert [(one.name, one.build) for one in appearances(ada.id)] == [("Second", None), ("First", "phone 1.8.12")]


def test_withdrawn_names_page_by_key(programme: Programme) -> None:
    people = [says_yes(retained(f"T{number}")) for number in range(PAGE + 5)]
    named_on(people, state=EditionState.SHIPPED)
    answer_many([(who.id, ConsentAnswer.NO, "", AT + DAY) for who in people])
    with selects() as asked:
        first = withdrawn_page(None, None)
    assert len(asked) == 1
    rest = withdrawn_page(first.after, None)
    assert [row.person_id for row in [*first.rows, *rest.rows]] == [who.id for who in people]
