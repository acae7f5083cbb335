"""create_app(): the one file that knows every room."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from apiflask import APIFlask
from flask import Flask
from flask_wtf import CSRFProtect

from crm import settings as settings_module
from crm.core import cli, languages, migrating, observe, pages, wake, web
from crm.core.db import db
from crm.core.guards import public, refuse_unguarded
from crm.core.queue import make_celery
from crm.schedule import WHILE_HELD, beat_schedule

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ROOMS = (
    "crm.people",
    "crm.outbox",
    "crm.invites",
    "crm.inbound",
    "crm.accounts",
    "crm.groups",
    "crm.builds",
    "crm.funnel",
    "crm.feedback",
    "crm.fcodes",
    "campaigns.audience",
    "campaigns.outreach",
    "campaigns.releases",
    "campaigns.credits",
    "crm.portal",
    "crm.desk",
)
CORE_TABLES = ("crm.core.jobs", "crm.core.journal", "crm.core.programme", "crm.core.restand", "crm.core.upkeep")
CANNOT_BOOT = 3  # gunicorn stops at it; at another code it would start its worker again and again
SHELVES = ("models", "tasks", "offers", "views", "api", "cli")


def _shelf(room: str, shelf: str) -> ModuleType | None:
    name = f"{room}.{shelf}"
    return import_module(name) if find_spec(name) is not None else None


def _open_rooms(app: Flask) -> None:
    """Each room's blueprints, commands and offers, lower rooms first."""
    found = []
    for name in CORE_TABLES:
        import_module(name)
    for group in cli.COMMANDS:
        app.cli.add_command(group)
    for room in ROOMS:
        shelves = {shelf: _shelf(room, shelf) for shelf in SHELVES}
        for door in ("views", "api"):
            for blueprint in getattr(shelves[door], "BLUEPRINTS", ()):
                app.register_blueprint(blueprint)
                if door == "api":  # tokens, not cookies, open these for writing: accounts/views/viewer.py
                    app.extensions["csrf"].exempt(blueprint)
        for group in getattr(shelves["cli"], "COMMANDS", ()):
            app.cli.add_command(group)
        if shelves["offers"] is not None:
            found.append(shelves["offers"].OFFERS)
    app.extensions["seedbed_offers"] = tuple(found)


def _read_settings() -> settings_module.Settings:
    """For whoever knows only this factory: gunicorn, celery, flask. A bad setting ends them with its one line."""
    try:
        return settings_module.read()
    except settings_module.SettingError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(CANNOT_BOOT) from error


def create_app(settings: settings_module.Settings | None = None, **overrides: Any) -> APIFlask:
    """Ends the process when a setting is missing or bad. `overrides` are config names, for tests."""
    read = settings or _read_settings()
    app = APIFlask(
        "crm",
        title="Seedbed",
        version="1",
        spec_path="/api/openapi.json",
        docs_path=None,
        json_errors=False,
        root_path=str(HERE),
        static_folder="static",
        template_folder="templates",
    )
    app.config.update(settings_module.as_config(read))
    app.config.update(overrides)
    app.config["OPENAPI_VERSION"] = "3.1.0"
    db.init_app(app)
    migrating.init_app(app, ROOT / "migrations")
    CSRFProtect(app)
    languages.init_app(app, [HERE, *(ROOT / room.replace(".", "/") for room in ROOMS)])
    web.init_app(app)
    pages.init_app(app)
    observe.init_app(app)
    make_celery(app, beat_schedule(), WHILE_HELD)
    _open_rooms(app)
    public(app.view_functions["openapi.spec"])
    with app.app_context():
        wake.listen()
    refuse_unguarded(app)
    return app
