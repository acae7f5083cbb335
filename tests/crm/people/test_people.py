"""Adding people, finding them, putting labels on them."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.restand import Restand
from crm.people.actions import (
    IdentityTaken,
    add_note,
    add_person,
    assign,
    make_origin,
    suppress,
    tag,
    untag,
)
from crm.people.models import Note, Person, Tag
from crm.people.queries import addresses, ids_by_identities, matching, person_or_404, suppressed
from crm.people.rules import OriginKind, SuppressionReason
from tests import make
from tests.make import T0


def found(**filters: str) -> set[int]:
    return set(session().scalars(matching(filters, T0)))


def test_a_new_person_is_found_by_any_spelling_of_an_identity(programme: object) -> None:
    ada = add_person("Ada", [("email", "Ada@Example.ORG"), ("phone", "138 0013 8000")], at=T0)
    assert ids_by_identities([("email", "ada@example.org"), ("phone", "+8613800138000")]) == {
        ("email", "ada@example.org"): ada.id,
        ("phone", "+8613800138000"): ada.id,
    }
    assert session().get(Restand, ada.id) is not None


def test_an_identity_belongs_to_one_person_only(bo: Person) -> None:
    with pytest.raises(IdentityTaken) as refused:
        add_person("Somebody else", {"qq": "10001"}, at=T0)
    assert refused.value.person_id == bo.id


def test_an_identity_that_cannot_be_read_is_refused(programme: object) -> None:
    with pytest.raises(NotUnderstood):
        add_person("Nobody", {"qq": "abc"}, at=T0)


def test_search_finds_chinese_names_parts_and_identities_in_any_spelling(programme: object) -> None:
    wang = add_person("王小明", [("phone", "13800138000"), ("forum:gfan", "小明 Z")], at=T0)
    add_person("Somebody", [("qq", "20002")], at=T0)
    for text in ("小明", "138-0013-8000", "小明 z", "forum:gfan:小明 Z", "+8613800138000", "王小明"):
        assert found(q=text) == {wang.id}, text
    assert found(q="100%") == set()


def test_conditions_hold_together(lin: Person) -> None:
    one, two = make.person("One"), make.person("Two")
    make.source(one, site="gfan", board="HTC", basis="public profile")
    make.source(two, site="gfan", board="Nokia", basis="asked us")
    tag([one.id, two.id], "vip")
    assign([one.id], lin.id)
    assert found(site="gfan", tag="vip") == {one.id, two.id}
    assert found(site="gfan", board="HTC") == {one.id}
    assert found(basis="asked") == {two.id}
    assert found(owner=str(lin.id)) == {one.id}
    assert two.id in found(owner="none")


def test_an_unknown_condition_or_value_is_refused(programme: object) -> None:
    for filters in ({"height": "3"}, {"owner": "x"}, {"role": "king"}):
        with pytest.raises(NotUnderstood):
            matching(filters, T0)


def test_tagging_twice_is_a_no_op_and_an_unworn_tag_is_gone(bo: Person) -> None:
    assert tag([bo.id], "vip") == 1
    assert tag([bo.id], "vip") == 0
    assert untag([bo.id], "vip") == 1
    assert session().scalar(select(Tag)) is None


def test_only_staff_own_people(lin: Person, bo: Person, mallory: Person) -> None:
    assert assign([bo.id, mallory.id], lin.id) == 2
    assert assign([bo.id], lin.id) == 0
    with pytest.raises(NotUnderstood):
        assign([bo.id], mallory.id)


def test_an_origin_is_made_once(database: Flask) -> None:
    first = make_origin(OriginKind.CAMPAIGN, "7", "Spring")
    assert make_origin(OriginKind.CAMPAIGN, "7", "Spring again") == first


def test_suppression_holds_for_a_person_under_every_identity(bo: Person, mallory: Person) -> None:
    assert suppressed([bo.id]) == set()
    suppress([bo.id], SuppressionReason.DECLINED, T0)
    suppress([bo.id], SuppressionReason.BOUNCED, T0)
    assert suppressed([bo.id, mallory.id]) == {bo.id}


def test_addresses_are_one_a_person(bo: Person) -> None:
    assert addresses([bo.id], "qq") == {bo.id: "10001"}
    assert addresses([bo.id], "weibo") == {}


def test_a_forgotten_or_unknown_person_is_not_there(bo: Person) -> None:
    bo.forgotten_at = T0
    session().flush()
    for person_id in (bo.id, 10**9):
        with pytest.raises(NotThere):
            person_or_404(person_id)


def test_an_empty_note_is_refused(bo: Person, lin: Person) -> None:
    note = add_note(bo.id, " called ", at=T0, author_id=lin.id)
    assert session().get_one(Note, note.id).body == "called"
    with pytest.raises(NotUnderstood):
        add_note(bo.id, "  ", at=T0)
