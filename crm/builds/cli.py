"""`flask builds ...`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from crm.builds.actions import import_check_ins
from crm.core import clock
from crm.core.cli import Commands
from crm.core.db import session
from crm.core.errors import Refusal

builds = Commands("builds", help="Builds and the signs that testers ran them.")
COMMANDS = (builds,)


@builds.command("import-check-ins")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def import_check_ins_command(file: Path, as_json: bool) -> None:
    """Take check-ins from another system: CSV with the columns identity (kind:value), version, at (ISO, with offset).

    The same file again adds nothing. Refused rows are told on standard error, with their line and reason.
    """
    try:
        with file.open("rb") as stream:
            done = import_check_ins(stream, file.name, at=clock.now(), after_chunk=session().commit)
        session().commit()
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    for refused in done.reasons:
        click.echo(f"{file.name}:{refused['line']}: {refused['reason']}", err=True)
    if done.refused > len(done.reasons):
        click.echo(f"... and {done.refused - len(done.reasons)} more", err=True)
    counts = {"read": done.read, "new": done.new, "known": done.known, "refused": done.refused}
    click.echo(json.dumps(counts) if as_json else ", ".join(f"{n} {name}" for name, n in counts.items()))
