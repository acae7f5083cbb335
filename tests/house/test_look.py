"""The look's own rules: contrast, orange only for the week, nothing inline, vendored files unchanged."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSS = ROOT / "crm" / "static" / "css"
TOKEN = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
COLOURS = {"paper", "card", "wash", "line", "ink", "quiet", "leaf", "on-leaf", "clay", "orange"}
TEXT = ("ink", "quiet", "leaf", "clay")
GROUNDS = ("paper", "card", "wash")
ENOUGH = 4.5


def _themes() -> list[dict[str, str]]:
    """The token blocks in their order: light, dark by preference, dark by choice."""
    blocks = re.findall(r"\{([^{}]*--paper: #[^{}]*)\}", (CSS / "tokens.css").read_text(encoding="utf-8"))
    return [dict(TOKEN.findall(block)) for block in blocks]


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_each_theme_names_the_same_ten_colours() -> None:
    assert [set(theme) for theme in _themes()] == [COLOURS] * 3


def test_dark_by_choice_is_dark_by_preference() -> None:
    _light, preferred, chosen = _themes()
    assert preferred == chosen


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXT)
def test_text_is_legible_on_every_ground(theme: int, text: str, ground: str) -> None:
    colours = _themes()[theme]
    assert _contrast(colours[text], colours[ground]) >= ENOUGH


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_a_primary_button_and_the_opening_day_are_legible(theme: int) -> None:
    colours = _themes()[theme]
    assert _contrast(colours["on-leaf"], colours["leaf"]) >= ENOUGH
    assert _contrast(colours["orange"], colours["card"]) >= ENOUGH


def test_every_line_of_a_chart_has_a_colour_and_a_dash_of_its_own() -> None:
    sheet = (CSS / "charts.css").read_text(encoding="utf-8")
    first = re.search(r"path\.line \{ stroke: ([^;]+);", sheet)
    lines = re.findall(r"path\.line-(\d) \{ stroke: ([^;]+); stroke-dasharray: ([^;]+);", sheet)
    assert first
    assert [int(number) for number, _stroke, _dash in lines] == [2, 3, 4, 5], "a release draws five"
    assert len({first[1], *(stroke for _number, stroke, _dash in lines)}) == 5
    assert len({dash for _number, _stroke, dash in lines}) == 4


def test_orange_is_used_by_the_week_only() -> None:
    users = [sheet.name for sheet in CSS.glob("*.css") if "var(--orange)" in sheet.read_text(encoding="utf-8")]
    assert users == ["week.css"]


def test_only_the_tokens_and_the_telephone_name_colours() -> None:
    named = re.compile(r"#[0-9a-f]{3,8}\b(?![^{]*\{)")
    users = {sheet.name for sheet in CSS.glob("*.css") if named.search(sheet.read_text(encoding="utf-8"))}
    assert users <= {"tokens.css", "device.css"}


def test_no_page_has_inline_style_or_script() -> None:
    inline = re.compile(r"\sstyle=|<style|\son[a-z]+=\"|<script(?![^>]*\bsrc=)|=\"javascript:", re.IGNORECASE)
    pages = [*ROOT.glob("crm/**/templates/**/*.html"), *ROOT.glob("campaigns/**/templates/**/*.html")]
    letters = [page for page in pages if "letters" in page.parts]
    found = [str(page) for page in set(pages) - set(letters) if inline.search(page.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize("folder", ["crm/static/vendor", "tests/browser/vendor", "campaigns/credits/rules/confusables"])
def test_vendored_files_are_the_recorded_ones(folder: str) -> None:
    for entry in json.loads((ROOT / folder / "VENDORED.json").read_text(encoding="utf-8")):
        assert entry["version"]
        assert entry["integrity"].startswith("sha512-")
        assert entry["licence"]
        for name, recorded in entry["files"].items():
            assert hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest() == recorded, name
