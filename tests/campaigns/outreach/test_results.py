"""What came of a campaign: figures that open their people, wordings compared honestly, a CSV that is no trap."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.audience.actions import save_audience
from campaigns.outreach.actions import NewStep, Wait, advance, create_campaign, put_step, start
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries.results import Cut, Figure, every_letter, people_of_figure, results
from campaigns.outreach.rules import variant_of
from campaigns.outreach.rules.uncertainty import better, is_early, wilson
from crm.core import jobs
from crm.core.db import session
from crm.funnel.models import Standing
from crm.funnel.rules.stages import Stage
from crm.groups.actions import create_group, record_joins
from crm.invites.actions import note_opening
from crm.invites.models import Invite
from crm.outbox.actions import NewTouch, deliver_due, record_touches
from crm.outbox.rules import Channel, Direction, Outcome
from crm.people.models import Person
from tests import make
from tests.make import T0

HOUR = timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
A = {"en": ("Hello", "Dear {{ name }}: {{ link }}")}
B = {"en": ("Hi", "{{ name }}: {{ link }}")}


@pytest.fixture
def people(lin: Person) -> list[Person]:
    found = []
    for number in range(6):
        one = make.person(f"=P{number}", identities={"email": f"p{number}@people.example"}, language="en")
        make.source(one, site="gfan.com" if number % 2 else "hiapk.com")
        found.append(one)
    return found


@pytest.fixture
def campaign(people: list[Person]) -> Campaign:
    """Sent to six, in both variants; the first has replied, the second came by their link and is active, the third
    opened theirs.
    """
    audience = save_audience("all", {}, at=T0).id
    drafts = (create_campaign(f"spring {number}", audience, at=T0) for number in itertools.count())
    made = next(one for one in drafts if len({variant_of(one.id, who.id, {"a": 1, "b": 1}) for who in people}) == 2)
    put_step(made.id, 1, NewStep(Channel.MAIL, "email", {"a": A, "b": B}))
    start(made.id, T0)
    session().commit()
    jobs.run_due.run()
    deliver_due(T0)
    record_touches([NewTouch(people[0].id, T0 + HOUR, Direction.IN, "email", Outcome.REPLIED)], T0 + HOUR)
    group = create_group("qq", "Orange 1", 500, at=T0)
    invites = {invite.person_id: invite.id for invite in session().scalars(select(Invite))}
    for one in people[1:3]:
        note_opening(invites[one.id], T0 + HOUR)
    record_joins(group.id, [(people[number].id, T0 + HOUR) for number in (1, 3)])
    session().merge(
        Standing(
            person_id=people[1].id,
            stage=Stage.ACTIVE,
            since=T0 + HOUR,
            reached=3,
            joined_at=T0 + HOUR,
            active_at=T0 + HOUR,
            week=2900,
        )
    )
    session().commit()
    return made


def test_figures_by_step_source_and_variant_add_up(campaign: Campaign, people: list[Person]) -> None:
    step = results(campaign, Cut.STEP)
    expected = {figure: 0 for figure in Figure} | {  # noqa: C420 -- figures that differ follow
        Figure.PLANNED: 6,
        Figure.SENT: 6,
        Figure.REPLIED: 1,
        Figure.OPENED: 2,
        Figure.BY_LINK: 1,
        Figure.JOINED: 1,
        Figure.ACTIVE: 1,
    }
    assert [(line.key, line.counts) for line in step] == [("1", expected)]
    for cut in (Cut.SOURCE, Cut.VARIANT, Cut.SENDER):
        lines = results(campaign, cut)
        assert {figure: sum(line.counts[figure] for line in lines) for figure in Figure} == expected
    sites = {line.key: line.counts[Figure.REPLIED] for line in results(campaign, Cut.SOURCE)}
    assert sites == {"gfan.com": 0, "hiapk.com": 1}


def test_each_figure_opens_exactly_the_people_it_counts(campaign: Campaign) -> None:
    for cut in Cut:
        for line in results(campaign, cut):
            for figure, count in line.counts.items():
                assert len(people_of_figure(campaign, cut, line.key, figure, None, 0, 100)) == count
    assert people_of_figure(campaign, Cut.STEP, "one", Figure.SENT, None, 0, 100) == []


def test_who_got_two_letters_is_one_person_of_a_figure(people: list[Person]) -> None:
    made = create_campaign("in two steps", save_audience("all", {}, at=T0).id, at=T0)
    put_step(made.id, 1, NewStep(Channel.MAIL, "email", {"a": A}))
    put_step(made.id, 2, NewStep(Channel.MAIL, "email", {"a": B}, wait=Wait(1)))
    start(made.id, T0)
    session().commit()
    jobs.run_due.run()
    deliver_due(T0)
    advance(made.id, T0 + 2 * HOUR)
    deliver_due(T0 + 2 * HOUR)
    joined = T0 + 3 * HOUR
    session().merge(
        Standing(person_id=people[0].id, stage=Stage.JOINED, since=joined, reached=2, joined_at=joined, week=2900)
    )
    session().commit()
    assert len(list(every_letter(made, 100))) == 12
    for cut in (Cut.SOURCE, Cut.SENDER):
        for line in results(made, cut):
            for figure, count in line.counts.items():
                assert len(people_of_figure(made, cut, line.key, figure, None, 0, 100)) == count
    [line] = results(made, Cut.SENDER)
    assert (line.counts[Figure.PLANNED], line.counts[Figure.SENT], line.counts[Figure.JOINED]) == (6, 6, 1)
    assert [(line.key, line.counts[Figure.SENT]) for line in results(made, Cut.STEP)] == [("1", 6), ("2", 6)]


def test_the_pages_show_figures_people_and_how_sure_it_is(
    campaign: Campaign, people: list[Person], lins_browser: FlaskClient
) -> None:
    url = f"/campaigns/{campaign.id}/results"
    for cut in (*Cut, "nonsense"):
        assert "How this is counted" in lins_browser.get(f"{url}?by={cut}").text
    assert "Too early to tell" in lins_browser.get(f"{url}?by=variant").text
    page = lins_browser.get(f"{url}/people?cut=step&key=1&figure=replied").text
    assert people[0].name in page
    assert people[1].name not in page
    for bad in ("", "?cut=step&figure=none", f"?cut=step&figure=sent&after={'9' * 30}"):
        assert lins_browser.get(f"{url}/people{bad}").status_code == 404


def test_the_csv_has_a_line_for_each_letter_and_no_formula(campaign: Campaign, lins_browser: FlaskClient) -> None:
    answer = lins_browser.get(f"/campaigns/{campaign.id}/results.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["name"] for row in rows] == [f"'=P{number}" for number in range(6)]
    assert {row["state"] for row in rows} == {"sent"}
    assert {row["sent_at"] for row in rows} == {T0.astimezone(SHANGHAI).isoformat(timespec="seconds")}
    assert len(list(every_letter(campaign, 2))) == 6, "in pieces it is the same"


def test_intervals_agree_with_published_values() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20, 1/29 by the score method."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, of), interval in published.items():
        assert wilson(hits, of) == pytest.approx(interval, abs=0.0001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_b_is_better_with_a_probability_that_is_told_early_when_it_is() -> None:
    assert better(10, 100, 10, 100) == pytest.approx(0.5)
    assert better(0, 1, 1, 1) == pytest.approx(5 / 6), "two uniform priors with one miss and one hit, by hand"
    assert better(2000, 20000, 2100, 20000) == pytest.approx(1 - better(2100, 20000, 2000, 20000), abs=0.001)
    assert is_early(0, 20, 15, 20), "sure by the sum, but of 20 people"
    assert is_early(50, 500, 55, 500)
    assert not is_early(20, 500, 60, 500)
