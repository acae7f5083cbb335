"""The poster, read and drawn by another program: PDFium."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # it has no types
import pytest
from PIL import Image, ImageChops, ImageFilter

from boot_screen import LANTERN, Layout, Name, Scene, Screen, lay_out, render, write_set
from boot_screen.outputs.pdf_fonts import EmbeddedFont
from boot_screen.scene import Colour
from boot_screen.silhouette import named
from tests.boot_screen.outputs.pages import made_under_two_hash_seeds
from tests.boot_screen.scenes import MIXED, PHONE, many, placed, scene

MM = 72 / 25.4
ALIKE = 32
HARD_TO_READ = ("علاء", "東م\u062d4", "👨\u200d👩\u200d👧", "ส้้้", "ẴŨ̈", "क्षि", "שָׁלוֹם", "A\ua9c1B", "AVATAR")


def poster(layout: Layout, folder: Path) -> Any:
    path = folder / "poster.pdf"
    write_set(layout, render(layout), "pdf", path)
    return pypdfium2.PdfDocument(path.read_bytes())


def text_of(page: Any) -> str:
    return unicodedata.normalize("NFC", page.get_textpage().get_text_bounded())


def every_font(page: Any) -> list[Any]:
    return [thing.get_font() for thing in page.get_objects() if isinstance(thing, pypdfium2.PdfTextObj)]


def fonts_of(page: Any) -> set[str]:
    return {font.get_base_name() for font in every_font(page)}


def screen_on(page: Any, screen: Screen) -> Image.Image:
    """What the sheet shows of the screen, a pixel for a pixel."""
    left, bottom, right, top = page.get_trimbox()
    scale = min((right - left) / screen.width, (top - bottom) / screen.height)
    sheet: Image.Image = page.render(scale=1 / scale).to_pil().convert("RGB")
    x, y = (sheet.width - screen.width) // 2, (sheet.height - screen.height) // 2
    return sheet.crop((x, y, x + screen.width, y + screen.height))


def unlike(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of a colour, 0 to 255, when seen from so far that the smoothing of edges is gone."""
    far = ImageFilter.GaussianBlur(4)
    differs = ImageChops.difference(one.filter(far), other.filter(far))
    return max(int(band.getextrema()[1]) for band in differs.split())  # type: ignore[arg-type]  # one pair a band


@pytest.mark.parametrize(("screen", "sides"), [(PHONE, (420, 594)), (Screen(1280, 800), (594, 420))])
def test_a_sheet_is_a2_as_the_screen_is_held_with_three_millimetres_of_bleed(
    tmp_path: Path, screen: Screen, sides: tuple[int, int]
) -> None:
    (page,) = poster(lay_out(scene("小雨", screen=screen)), tmp_path)
    width, height = sides
    assert page.get_trimbox() == pytest.approx((3 * MM, 3 * MM, (width + 3) * MM, (height + 3) * MM), abs=0.01)
    assert page.get_bleedbox() == pytest.approx((0, 0, (width + 6) * MM, (height + 6) * MM), abs=0.01)
    assert page.get_mediabox() == page.get_bleedbox()


def test_the_ground_reaches_into_the_bleed(tmp_path: Path) -> None:
    (page,) = poster(lay_out(scene("小雨")), tmp_path)
    sheet = page.render(scale=0.5).to_pil().convert("RGB")
    right, foot = sheet.width - 2, sheet.height - 2
    assert {sheet.getpixel(corner) for corner in ((1, 1), (right, 1), (1, foot), (right, foot))} == {LANTERN.ground}


def test_every_name_is_text_whatever_its_script(tmp_path: Path) -> None:
    layout = lay_out(scene(*MIXED, title="谢谢 Thank you 🎉", subtitle="for محمد"))
    (page,) = poster(layout, tmp_path)
    text = text_of(page)
    missing = [name.name.original for name in placed(layout) if name.name.original not in text]
    assert missing == ["דוד לוי"]
    assert "谢谢 Thank you 🎉" in text
    assert "for محمد" in text


@pytest.mark.parametrize("name", HARD_TO_READ)
def test_ligatures_marks_and_both_directions_are_read_back(tmp_path: Path, name: str) -> None:
    layout = lay_out(scene(name))
    (page,) = poster(layout, tmp_path)
    assert text_of(page).strip() == unicodedata.normalize("NFC", placed(layout)[0].name.line.text)


def test_two_words_from_right_to_left_are_text_though_pdfium_swaps_them(tmp_path: Path) -> None:
    (page,) = poster(lay_out(scene("דוד לוי")), tmp_path)
    assert set(text_of(page).split()) == {"דוד", "לוי"}


def test_names_are_read_in_the_order_of_the_layout(tmp_path: Path) -> None:
    names = [f"小{number:03}" for number in range(400)]
    layout = lay_out(scene(*names, title="Thanks"))
    text = "".join(text_of(page) for page in poster(layout, tmp_path))
    assert re.findall(r"小\d+", text) == names


def test_names_that_need_several_screens_stand_on_one_sheet(tmp_path: Path) -> None:
    names = [f"小{number:04}" for number in range(3000)]
    layout = lay_out(scene(*names, title="Thanks"))
    assert len(layout.pages) > 1
    (sheet,) = poster(layout, tmp_path)
    assert re.findall(r"小\d+", text_of(sheet)) == names


def test_names_that_need_several_sheets_have_them_numbered(tmp_path: Path) -> None:
    document = poster(lay_out(scene(*many(20_000), screen=Screen(2400, 1080))), tmp_path)
    assert len(document) == 3
    for number, sheet in enumerate(document, start=1):
        assert f"{number} / 3" in text_of(sheet)
        assert sheet.get_width() > sheet.get_height()


def test_every_font_is_embedded(tmp_path: Path) -> None:
    (page,) = poster(lay_out(scene(*MIXED, *HARD_TO_READ)), tmp_path)
    assert len(fonts_of(page)) > 5
    assert all(font.is_embedded for font in every_font(page))


@pytest.mark.parametrize("copies", [1, 6], ids=["kerned", "small"])
def test_a_sheet_looks_like_the_picture(tmp_path: Path, copies: int) -> None:
    """But for the smoothing of edges: no letter is elsewhere, missing, or another."""
    names = [name for name in (*MIXED, *HARD_TO_READ) for _ in range(copies)]
    screen = Screen(600, 900)
    layout = lay_out(scene(*names, screen=screen, title="谢谢 Thank you 🎉", subtitle="for محمد"))
    (page,) = poster(layout, tmp_path)
    assert unlike(screen_on(page, screen), next(render(layout)).image.convert("RGB")) < ALIKE


@pytest.mark.parametrize("ground", [LANTERN.ground, (120, 20, 30)], ids=["ink", "ink and ground"])
def test_a_silhouette_sections_and_a_footer_are_as_in_the_picture(tmp_path: Path, ground: Colour) -> None:
    names = [Name(str(place), text, section="First" if place % 2 else "") for place, text in enumerate(many(60))]
    palette = replace(LANTERN, shape=ground, shape_names=(90, 170, 255))
    asked = Scene(
        names, Screen(600, 900), footer="脚注", palette=palette, silhouette=named("heart"), system_fonts=False
    )
    layout = lay_out(asked)
    (page,) = poster(layout, tmp_path)
    assert unlike(screen_on(page, asked.screen), next(render(layout)).image.convert("RGB")) < ALIKE
    text = text_of(page)
    assert "First" in text
    assert "脚注" in text
    assert all(name.text in text for name in names if "محم" not in name.text and "דוד" not in name.text)


def test_the_same_names_give_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    one, other = made_under_two_hash_seeds("pdf", tmp_path)
    assert one == other
    assert b"Date" not in one


def test_a_font_that_may_not_be_embedded_is_drawn_as_pictures_that_are_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = lay_out(scene("राहुल"))
    whole = screen_on(poster(layout, tmp_path)[0], layout.scene.screen)
    monkeypatch.setattr(EmbeddedFont, "may_be_embedded", lambda _font: False)
    (page,) = poster(layout, tmp_path)
    assert "राहुल" in text_of(page)
    assert fonts_of(page) == {""}
    assert unlike(whole, screen_on(page, layout.scene.screen)) < ALIKE


def test_more_pictures_than_one_font_holds_are_all_there(tmp_path: Path) -> None:
    emoji = [chr(code) for code in range(0x1F400, 0x1F400 + 0xFD)] + [chr(code) for code in range(0x1F600, 0x1F640)]
    layout = lay_out(scene(*emoji))
    text = "".join(text_of(page) for page in poster(layout, tmp_path))
    assert [name for name in emoji if name not in text] == []


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    layout = lay_out(scene("小雨"))
    with pytest.raises(OSError, match="No such file"):
        write_set(layout, render(layout), "pdf", tmp_path / "nowhere" / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_the_title_of_the_document_is_the_title_made_safe(tmp_path: Path) -> None:
    document = poster(lay_out(scene("a", title="谢谢\u202e (你)")), tmp_path)
    assert document.get_metadata_value("Title") == "谢谢 (你)"
