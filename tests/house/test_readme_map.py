"""README's map names every folder that somebody new would open."""

from __future__ import annotations

import re

from tests.house.source import ROOT, rooms

OUTERMOST = ("crm", "campaigns", "boot_screen", "migrations", "tests", "bench", "docs")


def named() -> set[str]:
    """`crm/people` from a line that begins so in README's map."""
    text = (ROOT / "README.md").read_text("utf-8")
    return set(re.findall(r"^([\w./-]+?)/?\s{2,}\S", text, flags=re.MULTILINE))


def test_the_map_names_every_room() -> None:
    assert set(rooms()) - named() == set()


def test_the_map_names_every_outermost_folder() -> None:
    assert {name for name in OUTERMOST if (ROOT / name).is_dir()} - named() == set()


def test_the_map_names_nothing_that_is_gone() -> None:
    gone = {name for name in named() if "/" in name and not (ROOT / name).exists()}
    assert gone == set()
