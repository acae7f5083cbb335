"""`flask credits ...`: ask for consent, compute likenesses anew."""

from __future__ import annotations

import json

import click

from campaigns.credits.actions import rebuild_likenesses, start_round
from campaigns.credits.queries import round_to_come
from crm.core import programme
from crm.core.cli import Commands
from crm.core.db import session, start_writing

group = Commands("credits", help="Names on the boot screen.")


@group.command("ask")
@click.option("--dry-run", is_flag=True, help="Say how many would be asked, and ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ask_command(dry_run: bool, as_json: bool) -> None:
    """Starts a consent round: each tester who has not answered and was never asked gets a letter."""
    start_writing()
    coming = round_to_come()
    if not dry_run:
        start_round(programme.moment())
        session().commit()
    out = {reason.value: count for reason, count in coming.out.items()}
    if as_json:
        print(json.dumps({"asks": coming.asks, "left_out": out}))
    else:
        print(f"{'would ask' if dry_run else 'asks'} {coming.asks:,}, leaves out {sum(out.values()):,}")


@group.command("rebuild")
def rebuild_command() -> None:
    """Computes the stored likeness of every chosen name anew."""
    start_writing()
    changed = rebuild_likenesses()
    session().commit()
    print(f"{changed:,} names have another likeness now")


COMMANDS = (group,)
