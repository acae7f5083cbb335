"""`flask releases ...`"""

from __future__ import annotations

import click
from sqlalchemy import select

from campaigns.releases.actions import count_again
from campaigns.releases.models import Release
from crm.core import programme
from crm.core.cli import Commands
from crm.core.db import session

releases = Commands("releases", help="Releases and their figures.")
COMMANDS = (releases,)


@releases.command("count")
@click.argument("release_id", type=int, required=False)
def count(release_id: int | None) -> None:
    """Count the hours of one release, or of all, anew from the rows that they stand for."""
    at, hours = programme.moment(), 0
    ids = session().scalars(select(Release.id)).all() if release_id is None else [release_id]
    for number in ids:
        hours += count_again(number, at)
        session().commit()
    click.echo(f"{hours} hours of {len(ids)} releases")
