from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from campaigns.audience.actions import freeze, save_audience
from campaigns.audience.models import FrozenMember
from campaigns.credits.actions import (
    answer_consent,
    change_edition,
    create_edition,
    freeze_edition,
    hide_name,
    render_edition,
    reopen_edition,
    ship,
    show_name,
)
from campaigns.credits.models import Rendering
from campaigns.credits.queries import appearances, edition_or_404, names_of, place_figures, withdrawn_since
from campaigns.credits.rules import EDITION_MOVES, ConsentAnswer, EditionState, Part, RuleKind, rule_of
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.programme import Programme
from crm.funnel.models import Standing
from crm.people.actions import tag
from tests import make
from tests.campaigns.credits.builders import AT, LOOK, RETAINED, edition, retained, says_yes


def _drawn(edition_id: int) -> None:
    session().add(Rendering(edition_id=edition_id, input_hash="x", files=[], at=AT, language="en", screen="480x800"))
    session().flush()


def test_only_who_stayed_and_said_yes_is_on_it(programme: Programme) -> None:
    ada = says_yes(retained("Ada"), "Ada of the Forum")
    retained("Bao")
    answer_consent(retained("Chen").id, ConsentAnswer.NO, "", AT)
    hide_name(says_yes(retained("Dirk"), "a bad word").id, "an insult", AT)
    says_yes(retained("Emil", since=AT + timedelta(days=1)))
    draft = edition()
    assert names_of(draft) == [(ada.id, "Ada of the Forum", "retained")]
    assert place_figures(draft) == {
        "on": 1, "unanswered": 1, "no": 1, "hidden": 1, "late": 0, "not_chosen": 1,
    }  # fmt: skip


def test_a_name_that_is_shown_again_comes_back(programme: Programme) -> None:
    who = says_yes(retained("Ada"))
    hide_name(who.id, "an insult", AT)
    show_name(who.id, AT)
    assert len(names_of(edition())) == 1


def test_names_stand_in_the_order_in_which_one_looks_them_up(programme: Programme) -> None:
    for name in ("zebra", "Апр", "Bee", "ant", "1st"):
        says_yes(retained("Tester"), name)
    assert [one.shown_name for one in names_of(edition())] == ["1st", "ant", "Bee", "zebra", "Апр"]


def test_a_withdrawal_leaves_a_frozen_edition_and_is_honoured_in_the_next(programme: Programme) -> None:
    ada, bao = says_yes(retained("Ada")), says_yes(retained("Bao"))
    first = edition()
    assert freeze_edition(first.id, AT) == 2
    answer_consent(ada.id, ConsentAnswer.NO, "", AT + timedelta(hours=1))
    frozen = edition_or_404(first.id)
    assert [one.person_id for one in names_of(frozen)] == [ada.id, bao.id]
    assert withdrawn_since(frozen) == 1
    assert [one.person_id for one in names_of(edition("Second"))] == [bao.id]


def test_taken_back_to_a_draft_it_is_chosen_anew(programme: Programme) -> None:
    ada = says_yes(retained("Ada"))
    says_yes(retained("Bao"))
    first = edition()
    freeze_edition(first.id, AT)
    answer_consent(ada.id, ConsentAnswer.NO, "", AT + timedelta(hours=1))
    reopen_edition(first.id, AT)
    assert freeze_edition(first.id, AT) == 1


def test_an_edition_with_nobody_on_it_is_not_frozen(programme: Programme) -> None:
    retained("Ada")
    with pytest.raises(MoveRefused):
        freeze_edition(edition().id, AT)


def test_a_frozen_edition_is_not_changed(programme: Programme) -> None:
    says_yes(retained("Ada"))
    first = edition()
    freeze_edition(first.id, AT)
    with pytest.raises(MoveRefused):
        change_edition(first.id, name="Other", rule=RETAINED, as_of=AT, look=LOOK, at=AT)


def test_two_editions_do_not_share_a_name(programme: Programme) -> None:
    edition("First")
    with pytest.raises(NotUnderstood):
        edition("First")
    second = edition("Second")
    with pytest.raises(NotUnderstood):
        change_edition(second.id, name="First", rule=RETAINED, as_of=AT, look=LOOK, at=AT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": ("99x99",)},
        {"min_px": 11},
        {"sizes": ("160x160",), "min_px": 21},
        {"sizes": ()},
        {"wordings": {}},
        {"theme": "neon"},
        {"silhouette": "cat"},
    ],
)
def test_a_look_that_cannot_be_drawn_is_refused(programme: Programme, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        create_edition("First", RETAINED, AT, replace(LOOK, **wrong), at=AT)


def test_whoever_any_part_of_the_rule_chooses_is_on_it_once(programme: Programme) -> None:
    ada = says_yes(retained("Ada", since=AT - timedelta(days=9)))
    bao = says_yes(retained("Bao", since=AT - timedelta(days=5)))
    cai, dirk = says_yes(make.tester("Cai")), says_yes(make.tester("Dirk"))
    says_yes(make.tester("Emil"))
    for who in (ada, bao):
        session().get_one(Standing, who.id).active_at = session().get_one(Standing, who.id).since
    tag([cai.id, ada.id], "core")
    audience = save_audience("Some", {"tag": "core"}, at=AT)
    kept = freeze(audience.id, "Some", at=AT)
    session().add(FrozenMember(list_id=kept, person_id=dirk.id))
    session().flush()
    parts = [
        Part(RuleKind.RETAINED),
        Part(RuleKind.FIRST, "1"),
        Part(RuleKind.TAG, "core"),
        Part(RuleKind.LIST, str(kept)),
    ]
    made = create_edition("All", rule_of(parts), AT, LOOK, at=AT)
    assert [(one.shown_name, one.section) for one in names_of(made)] == [
        ("Ada", "first"), ("Cai", "tag"), ("Dirk", "list"), ("Bao", "retained"),
    ]  # fmt: skip
    assert freeze_edition(made.id, AT) == 4
    assert [one.section for one in names_of(edition_or_404(made.id))] == ["first", "tag", "list", "retained"]


def test_the_longest_with_us_stand_first_if_that_is_wanted(programme: Programme) -> None:
    for name, days in (("Ada", 1), ("Bao", 9), ("Cai", 5)):
        who = says_yes(retained(name))
        session().get_one(Standing, who.id).active_at = AT - timedelta(days=days)
    session().flush()
    made = create_edition("Old hands", RETAINED, AT, replace(LOOK, order="seniority"), at=AT)
    assert [one.shown_name for one in names_of(made)] == ["Bao", "Cai", "Ada"]


def test_a_rule_that_nobody_knows_is_refused(programme: Programme) -> None:
    with pytest.raises(NotUnderstood):
        create_edition("First", {"any": [{"kind": "the loudest"}]}, AT, LOOK, at=AT)


@pytest.mark.parametrize(("here", "to"), list(product(EditionState, EditionState)))
def test_an_edition_moves_only_along_the_table(programme: Programme, here: EditionState, to: EditionState) -> None:
    says_yes(retained("Ada"))
    made = edition(state=here)
    _drawn(made.id)
    move = {
        EditionState.DRAFT: lambda: reopen_edition(made.id, AT),
        EditionState.FROZEN: lambda: freeze_edition(made.id, AT),
        EditionState.SHIPPED: lambda: ship(made.id, AT),
        EditionState.SUPERSEDED: _ship_another,
    }[to]
    if to is EditionState.SUPERSEDED or to in EDITION_MOVES[here]:
        move()
    else:
        with pytest.raises(MoveRefused):
            move()
    allowed = to in EDITION_MOVES[here]
    assert edition_or_404(made.id).state is (to if allowed else here)


def _ship_another() -> None:
    other = edition("Another", state=EditionState.FROZEN)
    _drawn(other.id)
    ship(other.id, AT)


def test_what_has_not_been_drawn_is_not_shipped(programme: Programme) -> None:
    with pytest.raises(MoveRefused):
        ship(edition(state=EditionState.FROZEN).id, AT)


def test_a_draft_is_not_drawn_into_files(programme: Programme) -> None:
    with pytest.raises(MoveRefused):
        render_edition(edition().id, AT)


def test_a_person_sees_where_their_name_stands_once_it_has_shipped(programme: Programme) -> None:
    ada = says_yes(retained("Ada"), "Ada of the Forum")
    first = edition()
    freeze_edition(first.id, AT)
    assert appearances(ada.id) == []
    _drawn(first.id)
    ship(first.id, AT)
    assert [(one.name, one.shown_name) for one in appearances(ada.id)] == [("First", "Ada of the Forum")]
