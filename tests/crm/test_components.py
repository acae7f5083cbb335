"""The components by themselves: what they show for odd values, and what assistive technology is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired

TEMPLATES = Path(__file__).resolve().parents[2] / "crm" / "templates"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class NameForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    name = StringField("Name", [InputRequired("Give a name.")])


@pytest.fixture
def page() -> Iterator[Flask]:
    """A bare application around the components: no room, no database."""
    flask = Flask(__name__, template_folder=str(TEMPLATES))
    flask.config.update(SECRET_KEY="only here", WTF_CSRF_ENABLED=False)
    Babel(flask)
    with flask.test_request_context("/", method="POST", data={"name": ""}):
        yield flask


def show(name: str, call: str, **values: object) -> str:
    source = f'{{% from "components/{name}.html" import {call.partition("(")[0]} %}}{{{{ {call} }}}}'
    return " ".join(render_template_string(source, **values).split())


@pytest.mark.usefixtures("page")
def test_a_share_of_nothing_is_a_dash_and_not_nought() -> None:
    assert show("number", "percent(0, 0)") == "–"
    assert ">0%<" in show("number", "percent(0, 10)")


@pytest.mark.usefixtures("page")
def test_a_figure_tells_its_change_with_a_sign_and_opens_its_people() -> None:
    assert "+412 this week" in show("figure", "figure(56000, 'contacted', 412, '/people')")
    assert "−38 this week" in show("figure", "figure(5600, 'active', -38)")
    assert 'href="/people"' in show("figure", "figure(56000, 'contacted', 0, '/people')")


@pytest.mark.usefixtures("page")
def test_a_figure_without_a_known_change_shows_none() -> None:
    shown = show("figures", "figures([{'value': 1200, 'label': 'retained'}])")
    assert "1,200" in shown
    assert "this week" not in shown


@pytest.mark.usefixtures("page")
def test_what_was_within_the_minute_is_just_now() -> None:
    assert "just now" in show("when", "ago(at, now)", at=NOON - timedelta(seconds=20), now=NOON)
    assert "3 days ago" in show("when", "ago(at, now)", at=NOON - timedelta(days=3), now=NOON)


@pytest.mark.usefixtures("page")
def test_every_stage_has_a_word_and_a_shape_of_its_own() -> None:
    stages = ("prospect", "contacted", "joined", "active", "retained", "lapsed", "declined")
    shown = [show("stage", f"stage('{name}')") for name in stages]
    assert len(set(shown)) == len(stages)
    assert all("<svg" in one and name in one for one, name in zip(shown, stages, strict=True))


@pytest.mark.usefixtures("page")
def test_an_error_is_tied_to_its_field_and_leads_to_it() -> None:
    form = NameForm()
    assert not form.validate()
    assert '<a href="#name">Name: Give a name.</a>' in show("error_summary", "error_summary(form)", form=form)
    shown = show("field", "field(form.name, hint='As the person writes it')", form=form)
    assert 'aria-describedby="name-hint name-error"' in shown
    assert 'aria-invalid="true"' in shown


@pytest.mark.usefixtures("page")
def test_a_name_that_is_markup_is_shown_and_not_obeyed() -> None:
    rows = [{"id": 1, "name": "<b>Bo</b>"}]
    columns = [{"key": "name", "label": "Name", "head": True}]
    shown = show("data_table", "data_table('People', columns, rows, select='person')", columns=columns, rows=rows)
    assert "&lt;b&gt;Bo&lt;/b&gt;" in shown
    assert "<b>" not in shown


@pytest.mark.usefixtures("page")
def test_a_chart_of_nothing_is_still_a_chart() -> None:
    assert "<svg" in show("line_chart", "line_chart('x', 'Active', 'Nobody yet.', [], [])")
    assert "<table" in show("bar_chart", "bar_chart('Funnel', [], 'People')")


@pytest.mark.usefixtures("page")
def test_a_line_chart_brings_its_figures_as_a_table_and_breaks_at_gaps() -> None:
    series = [{"label": "Active", "values": [1, None, 3]}]
    shown = show("line_chart", "line_chart('x', 'Active', 'Grows.', ['W1', 'W2', 'W3'], series)", series=series)
    assert shown.count('<th scope="row">') == len(series[0]["values"])
    assert "L" not in shown.partition('class="line line-1" d="')[2].partition('"')[0]
    assert 'role="img"' in shown
    assert "<desc" in shown


@pytest.mark.usefixtures("page")
def test_progress_asks_again_only_while_it_runs() -> None:
    assert 'hx-trigger="every 2s"' in show("progress", "progress('Importing', 3, 10, true, '/poll', '/page')")
    assert "hx-" not in show("progress", "progress('Importing', 10, 10, false, '/poll', '/page')")
