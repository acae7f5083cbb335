"""The demo programme: made once by replaying the story, then held on its last Friday."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from crm import settings as settings_module
from crm.accounts.actions import make_sign_in_link
from crm.core import clock
from crm.core.db import disconnect, session
from crm.core.programme import Programme, moment
from crm.demo.plan import Size
from crm.demo.story import Story, last_friday
from crm.demo.telling import PASSWORD, ZONE
from crm.funnel.queries import retained_on
from crm.people.models import Identity, Person


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _replay(app: Flask, scale: float) -> None:
    started = time.monotonic()
    with app.app_context():
        Story(Size(scale), last_friday(clock.now().astimezone(ZONE).date()), say).replay()
        disconnect()
    say(f"  done in {time.monotonic() - started:.0f} s")


def _is_told(app: Flask) -> bool:
    with app.app_context():
        known = session().scalar(select(Programme))
        if known is not None and known.story_scale is None:
            raise settings_module.SettingError(
                "DATABASE_URL: this database holds a programme of its own; give the demo an empty one"
            )
        return known is not None


def prepare(scale: str, make_app: Callable[[], Flask], migrate: Callable[[Flask], None]) -> None:
    """Replays the story when this place has none. One that was interrupted left no trace: it is told in a folder
    beside the data folder, which takes its name only when the story has come to its end.

    Raises SettingError for a database that holds something else.
    """
    settings = settings_module.read()
    if not settings.database_url.startswith("sqlite:///") or "DATABASE_URL" in os.environ:
        app = make_app()
        migrate(app)
        if not _is_told(app):
            _announce_story(scale)
            _replay(app, float(scale))
        return
    if Path(settings.database_url.removeprefix("sqlite:///")).exists():
        return
    whole = settings.data_dir
    part = whole.with_name(f"{whole.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    os.environ["DATA_DIR"] = str(part)
    _announce_story(scale)
    app = make_app()
    migrate(app)
    _replay(app, float(scale))
    shutil.rmtree(part / "spool", ignore_errors=True)
    shutil.rmtree(whole)
    part.rename(whole)
    os.environ["DATA_DIR"] = str(whole)


def _announce_story(scale: str) -> None:
    say(f"Replaying the story{'' if scale == '1' else f' at scale {scale}'}; this happens once.")


def announce(app: Flask) -> None:
    """Prints the address and how to sign in as each of the four roles."""
    base = app.config["BASE_URL"]
    with app.app_context():
        someone = select(Identity.person_id, Person.name, Identity.value).join(Person)
        someone = someone.where(Identity.kind == "email", Person.id.in_(retained_on(moment()))).order_by(Person.id)
        tester = session().execute(someone.limit(1)).first()
        link = make_sign_in_link(tester.person_id, at=clock.now()) if tester else ""
        session().commit()
        disconnect()
    say("")
    say(f"  Seedbed   {base}")
    say("")
    for role, mail in (
        ("admin", "lin@orange.example"),
        ("community manager", "chen@orange.example"),
        ("release manager", "zhao@orange.example"),
    ):
        say(f"  {role:<18} {mail:<22} password {PASSWORD}")
    if tester:
        say(f"  {'tester':<18} {tester.value:<22} {link}")
        say(f"  {'':<18} ({tester.name}; the link works once, for 15 minutes: a new start prints another)")
    say("")
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite:///"):
        say(f"  Commands see this story with DATA_DIR={os.path.relpath(app.config['DATA_DIR'])} in front of them.")
    say("  Ctrl-C stops it.")
