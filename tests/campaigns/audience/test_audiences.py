from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.audience.actions import NameTaken, freeze, save_audience
from campaigns.audience.models import Audience, FrozenMember
from campaigns.audience.queries import count, people_of
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.offers import conditions
from crm.outbox.models import Contact
from crm.people.actions import add_source
from crm.people.models import Person
from crm.people.queries import counting, matching
from tests import make
from tests.make import T0


def test_an_audience_finds_people_by_all_its_conditions(bo: Person, mallory: Person) -> None:
    made = save_audience("never", {"never_contacted": "1", "q": "Bo"}, at=T0)
    assert session().scalars(people_of(made.id, T0)).all() == [bo.id]
    assert count({"q": "Bo"}, T0) == 1


def test_an_unknown_condition_is_refused(bo: Person) -> None:
    with pytest.raises(NotUnderstood):
        save_audience("odd", {"shoe_size": "44"}, at=T0)


def test_two_audiences_do_not_share_a_name(bo: Person) -> None:
    save_audience("twice", {}, at=T0)
    with pytest.raises(NameTaken):
        save_audience("twice", {}, at=T0)


def test_a_frozen_list_does_not_change(bo: Person) -> None:
    made = save_audience("all", {}, at=T0)
    number = freeze(made.id, "spring", T0)
    make.person("Late")
    kept = session().scalars(select(FrozenMember.person_id).where(FrozenMember.list_id == number)).all()
    assert kept == [bo.id]
    assert count({}, T0) == 2


def test_a_filter_without_an_audience_is_frozen_too(bo: Person, mallory: Person) -> None:
    number = freeze({"q": "Mallory"}, "her", T0)
    kept = session().scalars(select(FrozenMember.person_id).where(FrozenMember.list_id == number)).all()
    assert kept == [mallory.id]


def test_the_count_is_live(bo: Person, lins_browser: FlaskClient) -> None:
    assert "1 person" in lins_browser.get("/audiences/count?q=Bo").text
    assert "whole number" in lins_browser.get("/audiences/count?quiet_days=soon").text


def test_an_audience_is_made_changed_and_frozen_on_pages(bo: Person, lins_browser: FlaskClient) -> None:
    assert "1 person" in lins_browser.get("/audiences/new?q=Bo&name=few").text
    assert lins_browser.post("/audiences/new", data={"name": "few", "q": "Bo"}).status_code == 302
    session().commit()
    number = session().query(Audience).one().id
    assert "In it now" in lins_browser.get(f"/audiences/{number}").text
    lins_browser.post(f"/audiences/{number}/edit", data={"name": "fewer", "q": "nobody"})
    lins_browser.post(f"/audiences/{number}/freeze")
    page = lins_browser.get(f"/audiences/{number}").text
    assert "Frozen lists" in page
    assert "fewer" in lins_browser.get("/audiences").text


def test_a_name_is_needed(lins_browser: FlaskClient) -> None:
    assert "needs a name" in lins_browser.post("/audiences/new", data={"q": "Bo"}).text


def test_the_form_opens_the_parts_that_are_filled_in(bo: Person, lins_browser: FlaskClient) -> None:
    plain, filled = (lins_browser.get(f"/audiences/new{asked}").text for asked in ("", "?contacted=1"))
    assert plain.count("<details open>") == 1
    assert filled.count("<details open>") == 2
    assert "What passed between us (1)" in filled


def test_every_condition_has_a_place_in_the_form(bo: Person, lins_browser: FlaskClient) -> None:
    page = lins_browser.get("/audiences/new").text
    assert [key for key in conditions() if f'name="{key}"' not in page] == []


CAST: tuple[tuple[str, str, list[tuple[str, str, str]], int | None], ...] = (
    # (name, language, sources (site, board, basis), written to so many days ago)
    ("one source is all", "zh", [("gfan.com", "main", "public profile")], None),
    ("each source is another", "zh", [("gfan.com", "roms", "asked us"), ("hiapk.com", "main", "public profile")], None),
    ("of another site", "zh", [("hiapk.com", "main", "public profile")], None),
    ("written to lately", "zh", [("gfan.com", "main", "Public Profile")], 3),
    ("written to long ago", "zh", [("gfan.com", "main", "public profile")], 90),
    ("of another language", "en", [("gfan.com", "main", "public profile")] * 2, None),
    ("found nowhere", "zh", [], None),
)
ASKED: tuple[tuple[dict[str, str], set[str]], ...] = (
    (
        {"site": "gfan.com", "board": "main", "basis": "public", "language": "zh", "never_contacted": "1"},
        {"one source is all", "each source is another"},
    ),
    ({"site": "gfan.com", "contacted": "1", "quiet_days": "60", "basis": "PUBLIC"}, {"written to long ago"}),
    ({"contacted": "1", "touched_days": "60", "not_lapsed": "1"}, {"written to lately"}),
    ({"stage": "prospect", "never_contacted": "1", "not_lapsed": "1", "language": "en"}, {"of another language"}),
    ({"basis": "nobody wrote this"}, set()),
    ({"board": "main", "language": "en"}, {"of another language"}),
    ({"never_contacted": "1", "owner": "none", "board": "roms"}, {"each source is another"}),
    ({}, {name for name, *_rest in CAST}),
)


@pytest.mark.parametrize("many", [1, 50_000], ids=["in parts", "in one"])
def test_a_count_is_what_the_list_of_people_counts(database: Flask, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(counting, "MANY", many)
    for name, language, sources, days in CAST:
        person = make.person(name, language=language)
        for site, board, basis in sources:
            add_source(person.id, site=site, board=board, basis=basis, at=T0)
        if days is not None:
            sent = T0 - timedelta(days=days)
            session().add(Contact(person_id=person.id, first_sent_at=sent, last_touch_at=sent))
    session().flush()
    for filters, names in ASKED:
        found = session().scalars(select(Person.name).where(Person.id.in_(matching(filters, T0)))).all()
        assert (filters, set(found), len(found)) == (filters, names, len(names))
        assert (filters, count(filters, T0)) == (filters, len(names))
