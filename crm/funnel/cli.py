"""`flask funnel ...`: recompute, show, cohorts, verify."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import click

from crm.core import programme
from crm.core.cli import Commands
from crm.core.db import session, start_reading, start_writing
from crm.funnel import actions
from crm.funnel.queries import cohorts as read_cohorts
from crm.funnel.queries.figures import WAYS, by, totals
from crm.funnel.queries.verifying import differing_cells
from crm.funnel.rules import LADDER

funnel = Commands("funnel", help="Stages, figures and cohorts.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _end_of(day: datetime) -> datetime:
    """The last moment of a day in the programme's zone."""
    zone = programme.required().tz
    return (datetime.combine(day.date() + timedelta(days=1), time(), zone) - timedelta(microseconds=1)).astimezone(UTC)


def _settle_marked() -> int:
    """What waits to be settled is settled before it is shown."""
    start_writing()
    total = 0
    while taken := actions.settle(programme.moment()):
        session().commit()
        total += taken
    session().commit()
    return total


@funnel.command("recompute")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="How everybody stood at the end of this day.")
def recompute_command(as_of: datetime | None) -> None:
    """Computes everybody's standing from the facts.

    With --as-of the standings are those of that day, until the next settling or recompute brings them back to today.
    """
    start_writing()
    now = programme.moment()
    people = actions.recompute(min(_end_of(as_of), now) if as_of else now, recorded_at=now)
    actions.rebuild_cells()
    session().commit()
    print(f"{people} people looked at")


@funnel.command("settle")
def settle_command() -> None:
    """Settles whoever is marked, as the schedule does."""
    print(f"{_settle_marked()} people settled")


@funnel.command("show")
@as_json
@click.option("--by", "what", type=click.Choice(WAYS), help="One row for each of these.")
def show_command(as_json: bool, what: str | None) -> None:
    """People who ever reached each stage."""
    _settle_marked()
    if what is None:
        found = totals()
        print(json.dumps(found) if as_json else "\n".join(f"{stage:10}{count:>10}" for stage, count in found.items()))
        return
    rows = [row.as_dict() for row in by(what)]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print("  ".join(f"{row[stage.value]:>8}" for stage in LADDER), row["key"] or "–")


@funnel.command("cohorts")
@as_json
def cohorts_command(as_json: bool) -> None:
    """Weekly cohorts: of those whose first check-in was in a week, how many were active in each week after."""
    _settle_marked()
    table = read_cohorts()
    if as_json:
        print(json.dumps(table))
        return
    for row in table["rows"]:
        print(row["cohort"], f"{row['size']:>7}", " ".join(str(count) for count in row["active"]))


@funnel.command("verify")
def verify_command() -> None:
    """Holds the rollup against the standings; exit code 1 when they differ."""
    start_reading()
    differing = differing_cells()
    for key in differing:
        print("differs:", *key)
    print(f"{len(differing)} cells differ" + ("; run `flask funnel recompute`" if differing else ""))
    if differing:
        raise SystemExit(1)


COMMANDS = (funnel,)
