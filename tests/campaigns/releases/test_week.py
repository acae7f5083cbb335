"""The week on Home."""

from __future__ import annotations

import re
from datetime import time, timedelta

from flask import Flask, render_template
from flask.testing import FlaskClient

from campaigns.releases.actions import create_train
from campaigns.releases.models import Release, Train
from campaigns.releases.offers import week_panel
from campaigns.releases.rules import Evidence, Gate, Lack, ReleaseState, WaveKind
from campaigns.releases.views.words import gate_words, lack_words, wave_name
from crm.accounts.rules import Role
from crm.core.db import session
from crm.core.programme import Programme
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS, WEEK
from tests.cast import SignIn


def test_the_week_shows_the_day_of_the_opening(database: Flask, release: Release) -> None:
    with database.test_request_context():
        panel = week_panel(0, NOW)
        assert panel is not None
        page = render_template("releases/_week.html", **panel)
    days = panel["days"]
    assert [day["opening"] for day in days] == [False, False, False, False, True]
    assert days[0]["today"]
    assert days[4]["notes"][0]["note"].startswith("17:00")
    assert "Orange Friday 5.1" in page


def test_a_day_on_which_two_trains_leave_shows_both_the_earlier_first(
    database: Flask, release: Release, train: Train
) -> None:
    create_train("Nightly", "android", 4, time(8), train.zone, at=NOW)
    with database.test_request_context():
        panel = week_panel(0, NOW)
    assert panel is not None
    assert [(note["title"], note["note"][:5]) for note in panel["days"][4]["notes"]] == [
        ("Nightly", "08:00"),
        ("Orange Friday 5.1", "17:00"),
    ]


def test_a_train_without_a_release_this_week_is_not_planned(
    lins_browser: FlaskClient, release: Release, train: Train, programme: Programme, sign_in: SignIn
) -> None:
    """After a held programme went on, say: the week is told before its releases are prepared."""
    programme.held_at = OPENS + timedelta(weeks=30)
    session().commit()
    page = lins_browser.get("/").text
    assert "17:00 · not planned" in page
    assert f'href="/trains/{train.id}/weeks/{WEEK + 30}"' in page
    lead = sign_in(make.staff("Chen", Role.COMMUNITY)).get("/").text
    assert "17:00 · not planned" in lead
    assert "/weeks/" not in lead


def test_a_week_that_was_cancelled_or_without_a_train_shows_no_panel(
    database: Flask, release: Release, train: Train
) -> None:
    release.state = ReleaseState.CANCELLED
    session().flush()
    assert week_panel(0, NOW) is None
    train.active = False
    session().flush()
    assert week_panel(0, OPENS.replace(year=2027)) is None


def test_a_departure_that_was_never_planned_and_is_over_is_not_among_the_coming_ones(
    lins_browser: FlaskClient, train: Train, programme: Programme
) -> None:
    def weeks() -> list[str]:
        session().commit()
        return re.findall(rf"/trains/{train.id}/weeks/(\d+)\"", lins_browser.get("/releases").text)

    programme.held_at = OPENS - timedelta(hours=1)
    assert weeks() == [str(WEEK + n) for n in range(4)]
    programme.held_at = OPENS
    assert weeks() == [str(WEEK + n) for n in range(1, 4)]


def test_a_gate_of_one_is_told_as_none(database: Flask) -> None:
    one = Gate(blockers=1, crashes=1)
    with database.test_request_context(headers={"Accept-Language": "en"}):
        assert gate_words(one) == "Before each next wave: no blocker; no crash."
        assert lack_words(Lack.BLOCKERS, one, Evidence(blockers=2)).endswith(": 2. It takes none.")
        assert lack_words(Lack.CRASHES, one, Evidence(crashes=3)).endswith(": 3. It takes none.")
        assert "fewer than 3 blockers" in gate_words(Gate(blockers=3))
        assert wave_name(WaveKind.SHARE, 5) == "about 5 % of the rest"
