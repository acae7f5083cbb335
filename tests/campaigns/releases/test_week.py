"""The week on Home."""

from __future__ import annotations

from flask import Flask, render_template

from campaigns.releases.models import Release
from campaigns.releases.offers import week_panel
from tests.campaigns.releases.cast import NOW, OPENS


def test_the_week_shows_the_day_of_the_opening(database: Flask, release: Release) -> None:
    with database.test_request_context():
        panel = week_panel(0, NOW)
        assert panel is not None
        page = render_template("releases/_week.html", **panel)
    days = panel["days"]
    assert [day["opening"] for day in days] == [False, False, False, False, True]
    assert days[0]["today"]
    assert days[4]["note"].startswith("17:00")
    assert "Orange Friday 5.1" in page


def test_a_week_without_a_release_shows_no_panel(database: Flask, release: Release) -> None:
    assert week_panel(0, OPENS.replace(year=2027)) is None
