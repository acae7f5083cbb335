"""The import contracts forget nobody."""

from __future__ import annotations

import configparser
import re

import pytest

from tests.house.source import ROOT, rooms

SHELVES = ("rules", "models", "queries", "actions", "forms", "tasks", "offers", "views", "api", "cli")
# Not rooms: core holds what rooms build on, demo replays the story from above them all.
SHELFLESS = ("crm/core", "crm/demo")
# Each with the reason why it is a shelf of its own.
BESIDE = {
    "crm/people/identities.py": "how identities are written: every shelf and every room above reads it, like rules",
}
VAGUE = {"utils", "util", "helpers", "common", "misc", "manager", "base"}


def floors() -> set[str]:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    return set(re.findall(r"[\w.]+", contracts["importlinter:contract:floors"]["layers"]))


def test_every_room_stands_on_a_floor() -> None:
    here = {room.replace("/", ".") for room in rooms()}
    assert here <= floors(), "name the room in .importlinter, contract floors"


def test_every_module_beside_the_rooms_stands_on_a_floor() -> None:
    alone = {f"crm.{path.stem}" for path in (ROOT / "crm").glob("*.py")} - {"crm.__init__"}
    alone |= {f"campaigns.{path.stem}" for path in (ROOT / "campaigns").glob("*.py")} - {"campaigns.__init__"}
    assert alone <= floors(), "name the module in .importlinter, contract floors"


@pytest.mark.parametrize("package", ["crm", "campaigns"])
def test_the_outermost_packages_import_nothing(package: str) -> None:
    text = (ROOT / package / "__init__.py").read_text("utf-8")
    assert "import" not in text.replace("from __future__ import annotations", "")


def test_rooms_hold_only_shelves() -> None:
    strangers = [
        f"{room}/{path.name}"
        for room in rooms()
        if room not in SHELFLESS
        for path in (ROOT / room).iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and path.stem not in {*SHELVES, "__init__"}
        and f"{room}/{path.name}" not in BESIDE
    ]
    assert strangers == [], "what is none of a room's shelves belongs on one of them, or into a room of its own"


def test_no_file_has_a_name_that_says_nothing() -> None:
    files = [path for room in rooms() for path in (ROOT / room).rglob("*.py")]
    assert [path for path in files if path.stem in VAGUE] == []
