"""`flask outbox ...`"""

from __future__ import annotations

import click
from sqlalchemy import func, select

from crm.core.cli import Commands
from crm.core.db import session, start_writing
from crm.outbox.actions import derive
from crm.outbox.models import Contact

outbox = Commands("outbox", help="Letters and touches.")


@outbox.command("rebuild")
def rebuild() -> None:
    """Derive everybody's contact row anew from their touches."""
    start_writing()
    derive(None)
    people = session().scalar(select(func.count()).select_from(Contact)) or 0
    session().commit()
    click.echo(f"{people:,} people with touches")


COMMANDS = (outbox,)
