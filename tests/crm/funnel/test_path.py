"""The machine of the stages against the same rules told week by week, on random worlds; and its finer points by
example.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core import weeks
from crm.funnel.rules import Stage
from crm.funnel.rules.absences import Stay, absences
from crm.funnel.rules.facts import Facts, Path
from crm.funnel.rules.path import path_of
from crm.funnel.rules.released import Counted
from crm.funnel.rules.sets import Ground, Rules
from tests.crm.funnel.naive import Naive, Told, World

SHANGHAI = ZoneInfo("Asia/Shanghai")
W0 = weeks.from_iso_name("2025-W01")
START = weeks.starts_at(W0, SHANGHAI)
SPAN = 40


def at(week: float) -> datetime:
    """A moment so many weeks after the story's first Monday."""
    return START + timedelta(weeks=week)


def facts_of(told: Told, base: int = W0) -> Facts:
    firsts: dict[int, datetime] = {}
    bits = 0
    for moment in sorted(told.check_ins):
        week = weeks.week_of(moment, SHANGHAI)
        firsts.setdefault(week, moment)
        bits |= 1 << (week - base)
    return Facts(
        known_at=START,
        contacted_at=told.contacted_at,
        joined_at=told.joined_at,
        declined_at=told.declined_at,
        base=base,
        bits=bits,
        firsts=firsts,
    )


def walk(told: Told, *, rules: list[Rules], until: datetime, open_weeks: set[int] | None = None) -> Path:
    return path_of(facts_of(told), Ground(Counted(open_weeks or set(), W0, until, SHANGHAI), rules))


def moves(path: Path) -> list[tuple[str, str, datetime]]:
    return [(step.from_stage.value, step.to_stage.value, step.at) for step in path.steps]


@st.composite
def rule_sets(draw: st.DrawFn, *, most: int = 3) -> list[Rules]:
    found = []
    for version in range(1, draw(st.integers(1, most)) + 1):
        b, n = draw(st.integers(1, 5)), draw(st.integers(1, 9))
        found.append(
            Rules(
                version=version,
                since=0 if version == 1 else W0 + draw(st.integers(1, SPAN)),
                a=draw(st.integers(1, b)),
                b=b,
                m=draw(st.integers(0, 12)),
                k=draw(st.integers(1, n)),
                n=n,
                g=draw(st.integers(0, 3)),
            )
        )
    return list({rules.since: rules for rules in found}.values())


hours = st.integers(0, SPAN * 168 - 1).map(lambda hour: START + timedelta(hours=hour))
maybe = st.none() | hours
stories = st.builds(
    Told,
    check_ins=st.lists(hours, max_size=30),
    contacted_at=maybe,
    joined_at=maybe,
    declined_at=st.none() | st.none() | hours,
)
calendars = st.none() | st.sets(st.integers(0, SPAN).map(lambda week: W0 + week), max_size=SPAN)


@settings(max_examples=600, deadline=None)
@given(stories, rule_sets(), calendars, hours)
def test_the_words_of_bits_give_the_moves_that_week_by_week_gives(
    told: Told, rules: list[Rules], calendar: set[int] | None, until: datetime
) -> None:
    world = World(calendar or set(), rules, SHANGHAI, W0)
    path = walk(told, rules=rules, until=until, open_weeks=calendar)
    assert moves(path) == Naive(told, world, until).run()


@settings(max_examples=200, deadline=None)
@given(stories, rule_sets(), calendars, hours, hours)
def test_what_is_computed_late_has_the_moves_computed_in_time(
    told: Told, rules: list[Rules], calendar: set[int] | None, one: datetime, other: datetime
) -> None:
    early, late = sorted((one, other))
    at_the_time = walk(told, rules=rules, until=early, open_weeks=calendar)
    afterwards = walk(told, rules=rules, until=late, open_weeks=calendar)
    assert moves(afterwards)[: len(at_the_time.steps)] == moves(at_the_time)


@settings(max_examples=100, deadline=None)
@given(stories, rule_sets(), hours, st.integers(0, 200))
def test_it_does_not_matter_where_the_count_of_weeks_begins(
    told: Told, rules: list[Rules], until: datetime, earlier: int
) -> None:
    facts = facts_of(told, W0 - earlier)
    shifted = path_of(facts, Ground(Counted(set(), W0 - earlier, until, SHANGHAI), rules))
    assert moves(shifted) == moves(walk(told, rules=rules, until=until))


DEFAULT = [Rules(version=1, since=0)]
SHORT = [Rules(version=1, since=0, a=1, b=2, m=8, k=2, n=4, g=2)]


def test_the_first_check_in_makes_active_at_its_moment() -> None:
    path = walk(Told([at(3.4)], contacted_at=at(1), joined_at=at(2)), rules=DEFAULT, until=at(4))
    assert moves(path) == [
        ("prospect", "contacted", at(1)),
        ("contacted", "joined", at(2)),
        ("joined", "active", at(3.4)),
    ]
    assert (path.reached, path.came_in_at, path.first_week) == (3, Stage.CONTACTED, W0 + 3)


def test_a_skipped_stage_has_no_date_of_its_own() -> None:
    path = walk(Told([at(3)], contacted_at=at(5), joined_at=at(4)), rules=DEFAULT, until=at(6))
    assert (path.stage, path.contacted_at, path.joined_at, path.came_in_at) == (Stage.ACTIVE, None, None, Stage.ACTIVE)
    assert path.reached == 3


def test_silence_is_warned_about_and_ends_in_lapsed_after_the_grace() -> None:
    told = Told([at(0.5)])
    assert walk(told, rules=DEFAULT, until=at(4.9)).warned_at is None
    warned = walk(told, rules=DEFAULT, until=at(5))
    assert (warned.stage, warned.warned_at, warned.grace_until) == (Stage.ACTIVE, at(5), at(7))
    lapsed = walk(told, rules=DEFAULT, until=at(7))
    assert (lapsed.stage, lapsed.since, lapsed.warned_at) == (Stage.LAPSED, at(7), None)
    assert lapsed.steps[-1].why["weeks"] == 0
    assert lapsed.steps[-1].why["last"] == "2025-W01"


def test_a_check_in_of_the_running_week_lifts_the_warning_at_once() -> None:
    told = Told([at(0.5), at(5.5)])
    assert walk(told, rules=DEFAULT, until=at(5.4)).warned_at == at(5)
    assert walk(told, rules=DEFAULT, until=at(5.6)).warned_at is None


def test_coming_back_from_lapsed_is_always_possible() -> None:
    path = walk(Told([at(0.5), at(20.5)]), rules=DEFAULT, until=at(21))
    assert [step.to_stage for step in path.steps] == [Stage.ACTIVE, Stage.LAPSED, Stage.ACTIVE]
    assert path.active_at == at(0.5)


def test_tenure_alone_makes_retained_on_the_monday_on_which_it_is_complete() -> None:
    path = walk(Told([at(week + 0.5) for week in range(9)]), rules=SHORT, until=at(8.2))
    assert (path.stage, path.retained_at) == (Stage.RETAINED, at(8))
    assert path.steps[-1].why["tenure"] == 8


def test_below_the_retained_rule_but_above_the_active_one_is_active_again() -> None:
    told = Told([at(week + 0.5) for week in (*range(9), 12, 16, 17, 18)])
    rules = [Rules(version=1, since=0, a=1, b=9, m=8, k=3, n=4, g=1)]
    path = walk(told, rules=rules, until=at(14))
    assert [step.to_stage for step in path.steps] == [Stage.ACTIVE, Stage.RETAINED, Stage.ACTIVE]
    assert walk(told, rules=rules, until=at(19)).stage is Stage.RETAINED


def test_weeks_without_a_release_count_against_nobody() -> None:
    open_weeks = {W0, W0 + 1, W0 + 20}
    path = walk(Told([at(1.5)]), rules=DEFAULT, until=at(20.5), open_weeks=open_weeks)
    assert (path.stage, path.warned_at) == (Stage.ACTIVE, None)


def test_who_leaves_is_lapsed_and_a_later_check_in_brings_back() -> None:
    told = Told([at(0.5), at(2.1), at(6.5)])
    facts = facts_of(told)
    away = Facts(
        known_at=START, joined_at=at(0), absences=((at(2.5), None),), base=W0, bits=facts.bits, firsts=facts.firsts
    )
    gone = path_of(away, Ground(Counted(set(), W0, at(6), SHANGHAI), DEFAULT))
    assert (gone.stage, gone.left_at, gone.since) == (Stage.LAPSED, at(2.5), at(2.5))
    back = path_of(away, Ground(Counted(set(), W0, at(7), SHANGHAI), DEFAULT))
    assert (back.stage, back.left_at, back.since) == (Stage.ACTIVE, None, at(6.5))


def test_who_joins_again_is_joined_again() -> None:
    away = Facts(known_at=START, joined_at=at(0), absences=((at(2.5), at(9.25)),))
    path = path_of(away, Ground(Counted(set(), W0, at(10), SHANGHAI), DEFAULT))
    assert (path.stage, path.since, path.left_at) == (Stage.JOINED, at(9.25), None)


T = [at(week) for week in range(9)]


@pytest.mark.parametrize(
    ("agreements", "memberships", "away"),
    [
        ([(T[1], None)], [(T[0], T[2])], []),
        ([], [(T[0], T[2])], []),
        ([(T[1], T[3])], [], [(T[3], None)]),
        ([(T[1], T[3])], [(T[0], None)], [(T[3], None)]),
        ([(T[1], T[3])], [(T[0], T[5])], [(T[3], None)]),
        ([(T[1], T[3]), (T[6], None)], [(T[0], None)], [(T[3], T[6])]),
        ([(T[1], T[3])], [(T[0], None), (T[4], None)], [(T[3], T[4])]),
        ([(T[1], T[3]), (T[2], None)], [], []),
        ([(T[1], T[3]), (T[3], None)], [], []),
        ([(T[1], T[3]), (T[4], T[5])], [(T[0], T[2])], [(T[3], T[4]), (T[5], None)]),
    ],
)
def test_away_is_who_ended_the_agreement_until_they_come_again(
    agreements: list[Stay], memberships: list[Stay], away: list[Stay]
) -> None:
    assert absences(agreements, memberships) == tuple(away)


def test_declined_is_final() -> None:
    path = walk(Told([at(0.5), at(3.5)], declined_at=at(2)), rules=DEFAULT, until=at(30))
    assert (path.stage, path.declined_at, len(path.steps)) == (Stage.DECLINED, at(2), 2)


def test_a_moment_in_utc_is_judged_by_the_programmes_week() -> None:
    sunday_evening_utc = datetime(2025, 1, 5, 17, tzinfo=UTC)
    path = walk(Told([sunday_evening_utc]), rules=DEFAULT, until=at(2))
    assert path.first_week == W0 + 1
