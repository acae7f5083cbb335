"""Settling: standings, moves and the rollup follow the facts, however late, however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from crm.accounts.models import Agreement
from crm.builds.models import CheckIn
from crm.core.db import db, session
from crm.core.programme import Programme
from crm.core.restand import Restand, restand
from crm.funnel import tasks
from crm.funnel.actions import recompute, recompute_for_the_day, settle
from crm.funnel.models import Activity, Move, Standing
from crm.funnel.queries import retained_on
from crm.funnel.queries.verifying import differing_cells, kept_cells
from crm.funnel.rules import Stage
from crm.funnel.rules.weekbits import WORD
from crm.groups.models import Membership
from crm.outbox.actions import NewTouch, record_touches
from crm.outbox.models import Touch
from crm.outbox.rules import Direction, Outcome
from crm.people.actions.suppressing import suppress
from crm.people.models import Person
from crm.people.rules import SuppressionReason
from tests import make

MONDAY = datetime(2026, 1, 4, 16, tzinfo=UTC)  # in Shanghai
pytestmark = pytest.mark.usefixtures("programme")


def week(number: float) -> datetime:
    return MONDAY + timedelta(weeks=number)


def contacted(who: Person, at: datetime) -> None:
    record_touches([NewTouch(who.id, at, Direction.OUT, "mail", Outcome.SENT)], at)


def joined(who: Person, at: datetime) -> None:
    group = make.group()
    session().add(Membership(group_id=group.id, person_id=who.id, joined_at=at))
    restand([who.id], at)


def ran(who: Person, *moments: datetime) -> None:
    for at in moments:
        make.check_in(who, at)
    restand([who.id], min(moments))


def standing(who: Person) -> Standing:
    return session().get_one(Standing, who.id, populate_existing=True)


def moves(who: Person) -> list[tuple[Stage, datetime]]:
    rows = select(Move.to_stage, Move.at).where(Move.person_id == who.id, Move.superseded_at.is_(None))
    return [(stage, at) for stage, at in session().execute(rows.order_by(Move.at, Move.id))]


def test_each_fact_makes_its_move_at_its_own_moment(bo: Person) -> None:
    contacted(bo, week(0.1))
    settle(week(0.2))
    joined(bo, week(1.1))
    settle(week(1.2))
    ran(bo, week(2.1), week(2.3))
    settle(week(2.4))
    assert moves(bo) == [(Stage.CONTACTED, week(0.1)), (Stage.JOINED, week(1.1)), (Stage.ACTIVE, week(2.1))]
    row = standing(bo)
    assert (row.stage, row.reached, row.channel, row.came_in_at) == (Stage.ACTIVE, 3, "mail", Stage.CONTACTED)


def test_settling_again_adds_nothing(bo: Person) -> None:
    contacted(bo, week(0.1))
    settle(week(0.2))
    before = moves(bo), kept_cells()
    restand([bo.id], None)
    assert settle(week(0.3)) == 1
    assert settle(week(0.3)) == 0
    recompute(week(0.4), recorded_at=week(0.4))
    assert (moves(bo), kept_cells()) == before
    assert session().scalar(select(func.count()).select_from(Move)) == 1


def test_time_alone_warns_and_then_moves_down_on_its_monday(bo: Person) -> None:
    ran(bo, week(0.5))
    settle(week(0.6))
    for number in (1, 2, 3, 4):
        recompute_for_the_day(week(number))
        assert standing(bo).warned_at is None
    recompute_for_the_day(week(5) + timedelta(hours=3))
    assert (standing(bo).warned_at, standing(bo).grace_until) == (week(5), week(7))
    recompute_for_the_day(week(7) + timedelta(hours=3))
    assert moves(bo)[-1] == (Stage.LAPSED, week(7))


def test_time_that_passed_unseen_gives_the_same_moves(bo: Person, ada: Person) -> None:
    for who in (bo, ada):
        ran(who, week(0.5), week(20.5))
    settle(week(0.6))
    recompute_for_the_day(week(0.7))
    recompute_for_the_day(week(30))
    recompute_for_the_day(week(30))
    assert [at for stage, at in moves(bo) if stage is Stage.LAPSED] == [week(7), week(27)]


def test_a_check_in_that_waits_does_not_count_as_silence(bo: Person) -> None:
    ran(bo, week(0.5))
    settle(week(0.6))
    ran(bo, week(4.5))
    recompute_for_the_day(week(5.1))
    assert standing(bo).warned_at is None


def test_steady_people_keep_their_weeks(bo: Person) -> None:
    for number in range(8):
        ran(bo, week(number + 0.5))
        settle(week(number + 0.6))
        recompute_for_the_day(week(number + 0.7))
    assert sum((bits & WORD).bit_count() for bits in session().scalars(select(Activity.bits))) == 8
    recompute(week(8), recorded_at=week(8))
    assert moves(bo) == [(Stage.ACTIVE, week(0.5))]


def test_the_way_up_to_retained_is_the_same_in_steps_and_at_once(bo: Person) -> None:
    for number in range(56):
        ran(bo, week(number + 0.5))
        settle(week(number + 0.6))
        recompute_for_the_day(week(number + 0.7))
    told = moves(bo)
    assert told[-1] == (Stage.RETAINED, week(52))
    recompute(week(56), recorded_at=week(56))
    assert moves(bo) == told


def test_an_earlier_check_in_that_arrives_late_tells_the_way_anew_and_keeps_what_was_told(bo: Person) -> None:
    ran(bo, week(3.5))
    settle(week(3.6))
    ran(bo, week(3.2))
    settle(week(3.7))
    assert moves(bo) == [(Stage.ACTIVE, week(3.2))]
    assert session().scalar(select(func.count()).select_from(Move).where(Move.superseded_at == week(3.7))) == 1


def test_history_that_is_imported_is_marked_reconstructed(bo: Person) -> None:
    ran(bo, week(0.5))
    settle(week(30))
    assert {move.reconstructed for move in session().scalars(select(Move))} == {True}
    assert standing(bo).stage is Stage.LAPSED


def test_a_refusal_is_final_and_so_is_the_suppression_list(bo: Person, ada: Person) -> None:
    contacted(bo, week(0.1))
    session().add(Touch(person_id=bo.id, at=week(1), direction=Direction.IN, channel="qq", outcome=Outcome.REFUSED))
    joined(bo, week(2))
    suppress([ada.id], SuppressionReason.UNSUBSCRIBED, week(2))
    restand([ada.id], None)
    settle(week(3))
    assert (standing(bo).stage, standing(bo).since) == (Stage.DECLINED, week(1))
    assert (standing(ada).stage, standing(ada).since) == (Stage.DECLINED, week(2))


def test_leaving_is_lapsed_and_accepting_again_comes_back(ada: Person) -> None:
    restand([ada.id], None)
    settle(week(1))
    agreement = session().scalars(select(Agreement).where(Agreement.person_id == ada.id)).one()
    agreement.ended_at = week(2)
    restand([ada.id], week(2))
    settle(week(2.1))
    assert (standing(ada).stage, standing(ada).left_at) == (Stage.LAPSED, week(2))
    session().add(Agreement(person_id=ada.id, version=1, accepted_at=week(3)))
    restand([ada.id], week(3))
    settle(week(3.1))
    assert (standing(ada).stage, standing(ada).left_at) == (Stage.JOINED, None)


def leaves(who: Person, at: datetime) -> None:
    running = select(Agreement).where(Agreement.person_id == who.id, Agreement.ended_at.is_(None))
    session().scalars(running).one().ended_at = at
    restand([who.id], at)


def test_a_retained_tester_who_leaves_is_lapsed_although_still_in_a_group(ada: Person) -> None:
    joined(ada, week(0.1))
    ran(ada, *(week(number + 0.5) for number in range(55)))
    settle(week(55))
    assert standing(ada).stage is Stage.RETAINED
    leaves(ada, week(55.1))
    settle(week(55.2))
    assert (standing(ada).stage, standing(ada).left_at) == (Stage.LAPSED, week(55.1))
    assert session().scalars(retained_on(week(55.05))).all() == [ada.id]
    assert session().scalars(retained_on(week(55.2))).all() == []
    session().add(Agreement(person_id=ada.id, version=1, accepted_at=week(57)))
    ran(ada, week(57.5))
    settle(week(57.6))
    assert (standing(ada).stage, standing(ada).left_at) == (Stage.RETAINED, None)


def test_who_was_never_a_tester_and_leaves_a_group_has_not_left(bo: Person) -> None:
    joined(bo, week(0.1))
    session().scalars(select(Membership).where(Membership.person_id == bo.id)).one().left_at = week(1)
    restand([bo.id], week(1))
    settle(week(2))
    assert (standing(bo).stage, standing(bo).left_at) == (Stage.JOINED, None)


def test_staff_have_no_standing_and_are_in_no_figure(lin: Person, ada: Person) -> None:
    ran(lin, week(0.5))
    ran(ada, week(0.5))
    settle(week(1))
    assert session().get(Standing, lin.id) is None
    ada.is_staff = True
    restand([ada.id], None)
    settle(week(1))
    assert session().get(Standing, ada.id) is None
    assert kept_cells() == {}


def test_the_rollup_holds_what_the_standings_say(programme: Programme) -> None:
    for number in range(12):
        who = make.person()
        make.source(who, site=f"forum{number % 3}")
        contacted(who, week(number % 4 + 0.1))
        if number % 2:
            joined(who, week(number % 4 + 0.5))
        if number % 3 == 0:
            ran(who, week(number % 4 + 0.6))
        settle(week(number % 4 + 0.9), limit=3)
    assert differing_cells() == []
    assert sum(counts[0] for counts in kept_cells().values()) == 12


def test_a_past_day_can_be_told_again_without_losing_what_came_after(bo: Person) -> None:
    contacted(bo, week(0.1))
    ran(bo, week(5.5))
    settle(week(6))
    told = moves(bo)
    recompute(week(2), recorded_at=week(6))
    assert standing(bo).stage is Stage.CONTACTED
    assert moves(bo) == told
    recompute(week(6), recorded_at=week(6))
    assert standing(bo).stage is Stage.ACTIVE


def test_many_are_settled_in_few_questions(programme: Programme) -> None:
    people = [make.person() for _ in range(40)]
    for who in people:
        contacted(who, week(0.1))
        ran(who, week(0.5))
    asked: list[str] = []
    engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert settle(week(0.9)) == 40
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) <= 24, "\n".join(asked)


def test_the_task_settles_everybody_however_often_it_runs(bo: Person, database: Flask) -> None:
    ran(bo, week(0.5))
    session().commit()
    assert tasks.settle.run() == 1
    assert tasks.settle.run() == 0
    assert session().scalar(select(func.count()).select_from(Restand)) == 0
    tasks.recompute_for_the_day.run()
    before = moves(bo)
    tasks.recompute_for_the_day.run()
    assert moves(bo) == before
    assert session().scalar(select(func.count()).select_from(CheckIn)) == 1


def test_what_happens_while_time_is_held_counts_once_it_goes_on(
    programme: Programme, lin: Person, bo: Person, ada: Person, mallory: Person
) -> None:
    """Joining, running a build and leaving are stamped with the clock's time, which lies after the held moment."""
    programme.held_at = week(3)
    contacted(bo, week(1))
    ran(mallory, week(2.5))
    tasks.settle.run()
    joined(bo, week(3.1))
    ran(ada, week(3.2))
    record_touches([NewTouch(mallory.id, week(3.3), Direction.IN, "qq", Outcome.REFUSED)], week(3.3))
    tasks.settle.run()
    assert (standing(bo).stage, standing(mallory).stage) == (Stage.CONTACTED, Stage.ACTIVE)
    recompute(week(3), recorded_at=week(3))
    programme.held_at = None
    tasks.settle.run()
    assert (standing(bo).stage, standing(bo).since) == (Stage.JOINED, week(3.1))
    assert (Stage.ACTIVE, week(3.2)) in moves(ada)
    assert standing(mallory).stage is Stage.DECLINED
    assert session().scalar(select(func.count()).select_from(Restand)) == 0


def test_a_mark_with_facts_before_and_after_the_moment_is_kept_for_those_after(bo: Person, ada: Person) -> None:
    contacted(bo, week(1))
    joined(bo, week(3.1))
    ran(ada, week(1.5), week(3.2))
    settle(week(3))
    assert (standing(bo).stage, standing(ada).stage) == (Stage.CONTACTED, Stage.ACTIVE)
    assert settle(week(3)) == 0
    settle(week(3.5))
    assert standing(bo).stage is Stage.JOINED
    assert session().scalar(select(func.count()).select_from(Restand)) == 0
