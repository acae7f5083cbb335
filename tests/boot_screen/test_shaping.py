"""A bare machine has no FriBiDi, which Pillow's shaper needs: names are drawn all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import features

from boot_screen import Name, Scene, Screen, lay_out, render, shaping, write

NAMES = ["أحمد ليلى", "שלום", "สมชาย", "आदित्य", "👨‍👩‍👧 王", "Björn (ليلى) 3", "e\u0301te\u0301"]
SCENE = Scene([Name(str(n), text) for n, text in enumerate(NAMES)], Screen(720, 900), system_fonts=False)


@pytest.fixture
def _no_shaper(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(features, "check_feature", lambda _name: False)
    shaping.has_shaper.cache_clear()
    yield
    monkeypatch.undo()
    shaping.has_shaper.cache_clear()


@pytest.mark.usefixtures("_no_shaper")
def test_every_name_is_drawn_without_fribidi(tmp_path: Path) -> None:
    layout = lay_out(SCENE)
    assert sum(len(page.names) for page in layout.pages) == len(NAMES)
    for master in render(layout):
        write(master, "png", tmp_path / "out.png")


@pytest.mark.usefixtures("_no_shaper")
def test_arabic_is_joined_and_turned_without_fribidi() -> None:
    text, direction = shaping.prepared("\u0644\u064a\u0644\u0649", right_to_left=True)
    assert direction is None
    assert text == "\ufef0\ufee0\ufef4\ufedf"


def test_the_shaper_gets_the_text_as_it_is() -> None:
    if not shaping.has_shaper():
        pytest.fail("this machine's Pillow has no shaper: install libfribidi0")
    assert shaping.prepared("\u0644\u064a", right_to_left=True) == ("\u0644\u064a", "rtl")
