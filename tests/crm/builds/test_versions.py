"""In which order versions come, and what happens to one that goes back."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from crm.builds.actions import GoesBack, grant_access, register_build
from crm.builds.models import Build
from crm.builds.queries import offered
from crm.builds.rules import Order
from crm.builds.rules.versions import goes_back, place_of
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.programme import Programme
from crm.people.models import Person
from tests.make import T0

WEEK = timedelta(weeks=1)
FOLLOW = [
    ("1.8.9", "1.8.12"),
    ("0.8.16", "1.8.12"),
    ("V4.0.1", "v4.0.2"),
    ("1.0", "1.0.1"),
    ("1.8.12", "1.8.12b"),
    ("2.0.0-beta.2", "2.0.0-beta.11"),
    ("2.0.0-rc.1+build.7", "2.0.0"),
    ("1.0.0-alpha", "1.0.0-alpha.1"),
    ("1.0.0-alpha.1", "1.0.0-alpha.beta"),
    ("2026-11-26", "2026-11-27"),
    ("20261127", "20261127.2"),
    ("2026.11.27", "2026.12.04"),
]


@pytest.mark.parametrize(("older", "newer"), FOLLOW)
def test_versions_follow_each_other_by_their_scheme(older: str, newer: str) -> None:
    assert goes_back(older, newer)
    assert not goes_back(newer, older)
    assert not goes_back(older, older)


def test_semantic_versions_are_ordered_as_their_specification_says() -> None:
    rising = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    order = [*(f"1.0.0-{name}" for name in rising), "1.0.0"]
    assert max(order, key=lambda version: place_of(version) or ()) == "1.0.0"
    assert all(goes_back(older, newer) for older, newer in itertools.pairwise(order))


def test_what_has_no_order_goes_back_to_nothing() -> None:
    assert place_of("golden-orange") is None
    assert not goes_back("golden-orange", "9.9")
    assert not goes_back("1.0+2", "1.0+1")
    assert place_of("2026-13-40") is not None  # no date, but numbers


def made(version: str, weeks: int, **fields: object) -> Build:
    return register_build("android", version, {}, at=T0 + weeks * WEEK, **fields)  # type: ignore[arg-type]  # the test's own


def test_a_version_that_goes_back_needs_a_word_from_a_person(programme: Programme, ada: Person) -> None:
    newest = made("1.8.12", 0)
    with pytest.raises(GoesBack, match=r"1\.8\.12"):
        made("1.8.11", 1)
    assert made("1.8.11", 1, channel="nightly").id  # another channel is another row of versions
    below = made("1.8.10", 2, order=Order.BELOW)
    grant_access(newest.id, [ada.id], at=T0, granted_by="test")
    grant_access(below.id, [ada.id], at=T0, granted_by="test")
    assert offered(ada.id, "android", T0 + 3 * WEEK) == newest
    above = made("1.8.9", 3, order=Order.NEWEST)
    grant_access(above.id, [ada.id], at=T0, granted_by="test")
    assert offered(ada.id, "android", T0 + 4 * WEEK) == above


def test_several_repairs_of_an_old_line_stay_in_order(programme: Programme) -> None:
    made("2.0", 0)
    builds = [made(version, week, order=Order.BELOW) for week, version in enumerate(("1.5", "1.6", "1.4"), 1)]
    ordered = session().query(Build).order_by(Build.ordered_at, Build.id)
    assert [build.version for build in ordered] == ["1.4", "1.5", "1.6", "2.0"]
    assert len(builds) == 3


@pytest.mark.parametrize("channel", ["", "two words", "日", "-x", "x" * 41])
def test_a_channel_is_a_word(programme: Programme, channel: str) -> None:
    with pytest.raises(NotUnderstood):
        made("1.0", 0, channel=channel)


def test_the_form_asks_which_is_newer_and_keeps_what_was_typed(lins_browser: FlaskClient) -> None:
    typed = {"platform": "android", "version": "2.0", "channel": "beta", "notes_en": "First", "to_test_en": "Calls"}
    assert lins_browser.post("/builds/new", data=typed).status_code == 302
    back = typed | {"version": "1.9", "notes_en": "A repair"}
    page = lins_browser.post("/builds/new", data=back).text
    assert "Which of the two is newer?" in page
    assert "newer?:" not in page, "one mark is enough"
    assert "A repair" in page
    assert "Which of the two" not in lins_browser.get("/builds/new").text
    assert lins_browser.post("/builds/new", data=back | {"order": "below"}).status_code == 302
    assert [build.version for build in session().query(Build).order_by(Build.ordered_at)] == ["1.9", "2.0"]


@pytest.mark.parametrize(
    ("field", "value"), [("channel", "two words"), ("expires_days", "0"), ("notes_en", "x" * 4001), ("version", "a\tb")]
)
def test_what_cannot_be_is_told_beside_its_field(lins_browser: FlaskClient, field: str, value: str) -> None:
    typed = {"platform": "android", "version": "2.0", "channel": "beta"} | {field: value}
    page = lins_browser.post("/builds/new", data=typed).text
    assert f'id="{field}-error"' in page
    assert session().query(Build).count() == 0
