"""The week on Home."""

from __future__ import annotations

from datetime import time, timedelta

from flask import Flask, render_template
from flask.testing import FlaskClient

from campaigns.releases.actions import create_train
from campaigns.releases.models import Release, Train
from campaigns.releases.offers import week_panel
from campaigns.releases.rules import ReleaseState
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
