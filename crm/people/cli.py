"""`flask people ...`: import a file, merge, un-merge, export, forget, and forget again after a restore."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import click
from flask import current_app

from crm.core import clock, files, jobs, programme
from crm.core.cli import ROW, Commands
from crm.core.db import reading, session
from crm.core.errors import Refusal
from crm.core.languages import LANGUAGES
from crm.people import actions
from crm.people.actions import importing
from crm.people.actions.forgetting import log_path
from crm.people.actions.importing.cells import read_moment
from crm.people.actions.importing.refusals import sentence
from crm.people.models import PeopleImport
from crm.people.rules import SiteRole

people = Commands("people", help="People: import, merge, export, forget.")
COMMANDS = (people,)
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def _stop(error: Refusal | str) -> NoReturn:
    session().rollback()
    click.echo(f"error: {error}", err=True)
    sys.exit(1)


def _mapping(words: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.rpartition("=") for word in words]
    if any(not equals for _column, equals, _field in pairs):
        raise click.UsageError("write --map as COLUMN=FIELD, such as --map Mail=email")
    return {column: field for column, _equals, field in pairs}


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    moment = read_moment(text, zone)
    if moment is None:
        raise click.UsageError(f"--found-at: {text!r} is no date; write it like 2026-01-31")
    return moment


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Where these people were found, such as gfan.com.")
@click.option("--basis", required=True, help="On what basis we may write to them.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column holds; FIELD may be empty.")
@click.option("--encoding", default="", help="The file's encoding, when it is not found by itself.")
@click.option("--board", default="", help="The board of the site, for rows that name none.")
@click.option("--role", type=click.Choice([role.value for role in SiteRole]), help="Their role there, likewise.")
@click.option("--found-at", help="When they were found, for rows that do not say.")
@click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def import_people(
    file: Path, source: str, basis: str, maps: tuple[str, ...], encoding: str, board: str, role: str | None,
    found_at: str | None, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Imports CSV, TSV or XLSX: people are matched by any identity."""
    mapping = _mapping(maps)
    try:
        at, zone = programme.moment(), programme.required().tz
        session().rollback()  # nothing is kept waiting while the file is read
        what = {
            "mapping": mapping, "site": source, "board": board, "role": SiteRole(role) if role else None,
            "basis": basis, "found_at": _moment(found_at, zone),
        }  # fmt: skip
        with file.open("rb") as stream:
            received = importing.receive(stream, encoding=encoding)
        if dry_run:
            _try_out(importing.import_of(received, file.name, at=at), what, as_json)
        else:
            _tell(_run(received, file.name, what, at), as_json)
    except (Refusal, LookupError) as error:
        _stop(str(error))


def _try_out(bringer: PeopleImport, what: dict[str, Any], as_json: bool) -> None:
    """On a snapshot, without a row: nobody who writes meanwhile has to wait."""
    try:
        with reading():
            importing.say_what_it_is(bringer, **what)
            tried = importing.try_out(bringer, most=sys.maxsize)
            session().rollback()
    finally:
        files.remove(bringer.stored_key or "")
    _tell_reading(bringer, as_json)
    _tell_trial(tried, as_json)


def _run(received: importing.Received, name: str, what: dict[str, Any], at: datetime) -> PeopleImport:
    languages = [code for code in programme.required().languages if code in LANGUAGES] or ["en"]
    with importing.kept_if_named(received):
        bringer = importing.add_import(received, name, at=at, by_id=None)
        importing.describe(bringer.id, **what)
        job = importing.start(bringer.id, at=at, language=languages[0])
        attempts = jobs.take(job, clock.now())
        job_id, import_id = job.id, bringer.id
        session().commit()
    jobs.run(job_id, attempts)
    done = session().get_one(jobs.Job, job_id, populate_existing=True)
    if done.state is not jobs.JobState.DONE:
        _stop(done.error or f"the import stopped ({done.state}): start a worker, and it goes on where it was")
    return session().get_one(PeopleImport, import_id, populate_existing=True)


def _tell(bringer: PeopleImport, as_json: bool) -> None:
    found = importing.counts(bringer)
    if as_json:
        print(json.dumps(found))
        return
    print(f"{bringer.file_name}: {bringer.encoding}")
    for name, count in found.items():
        print(f"  {name.replace('_', ' ')}: {count}")
    if bringer.suppressed:
        print(f"  never written to (on the suppression list): {bringer.suppressed}")
    if bringer.refused and bringer.refused_key:
        print(f"  refused rows: {Path(current_app.config['DATA_DIR']) / 'files' / bringer.refused_key}")


def _tell_reading(bringer: PeopleImport, as_json: bool) -> None:
    """How the file was taken; beside the counts, which another program may read."""
    parted = "" if bringer.encoding == "xlsx" else f", cells parted by {DELIMITERS[bringer.delimiter]}"
    click.echo(f"{bringer.file_name}: {bringer.encoding}{parted}", err=as_json)
    for column, field in zip(bringer.mapping["columns"], bringer.mapping["fields"], strict=True):
        click.echo(f"  {column}: {field or 'not read'}", err=as_json)


def _tell_trial(tried: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(tried["counts"]))
        return
    print("would come to:")
    for name, count in tried["counts"].items():
        print(f"  {name.replace('_', ' ')}: {count}")
    for refusal in tried["refusals"]:
        print(f"  line {refusal['line']} {sentence(refusal['reason'], refusal['detail'])}")


@people.command()
@click.argument("keep", type=ROW)
@click.argument("lose", type=ROW)
def merge(keep: int, lose: int) -> None:
    """Merges person LOSE into person KEEP."""
    try:
        made = actions.merge(keep, lose, at=programme.moment())
        session().commit()
    except Refusal as error:
        _stop(error)
    print(f"merge {made.id}: person {lose} is now person {keep}; `flask people unmerge {made.id}` undoes it")


@people.command()
@click.argument("merge_id", type=ROW, metavar="MERGE")
def unmerge(merge_id: int) -> None:
    """Undoes a merge by its number."""
    try:
        undone = actions.unmerge(merge_id, at=programme.moment())
        session().commit()
    except Refusal as error:
        _stop(error)
    print(f"persons {undone.keep_id} and {undone.lose_id} are two again")


@people.command()
@click.argument("person_id", type=ROW, metavar="PERSON")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A zip; without it JSON is printed.")
def export(person_id: int, output: Path | None) -> None:
    """Everything that is kept about one person."""
    try:
        if output is not None:
            output.write_bytes(actions.export_zip(person_id, clock.now()))
            return
        found = actions.export_person(person_id, clock.now())
    except Refusal as error:
        _stop(error)
    print(json.dumps(found, ensure_ascii=False, indent=2, default=str))


@people.command()
@click.argument("person_id", type=ROW, metavar="PERSON")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(person_id: int, yes: bool) -> None:
    """Erases a person everywhere. It cannot be undone."""
    actions.forgettable(person_id)
    if not yes:
        click.confirm(f"Erase person {person_id} everywhere? It cannot be undone", abort=True)
    try:
        actions.forget(person_id, at=programme.moment())
        session().commit()
    except Refusal as error:
        _stop(error)
    print(f"person {person_id} is forgotten")


@people.command("reapply-erasures")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def reapply_erasures(file: Path | None) -> None:
    """After an older backup was restored: forgets again whom it brought back. FILE: a kept erasures.jsonl."""
    path = file or log_path()
    try:
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    except UnicodeDecodeError:
        _stop(f"{path.name} is no erasure log: name a kept erasures.jsonl")
    again = actions.reapply(lines, programme.moment())
    session().commit()
    print(f"{again} forgotten again")
