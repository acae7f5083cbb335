from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.credits.actions import answer_consent, answer_many
from campaigns.credits.queries import consent_figures, consent_of
from campaigns.credits.rules import ConsentAnswer
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.people.models import Person
from tests import make
from tests.campaigns.credits.builders import AT


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
