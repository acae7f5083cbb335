"""A silhouette is a stranger's file: it draws a shape and does nothing else."""

import io
from pathlib import Path

import pytest
from PIL import Image

from boot_screen import Layout, Screen, lay_out, render
from boot_screen.draw import STEPS
from boot_screen.header import Ink
from boot_screen.silhouette import SilhouetteError, known_silhouettes, named, of_data, of_file
from boot_screen.themes import THEMES, ThemeError, check, theme
from tests.boot_screen.scenes import MIXED, many, scene

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M0 0H9V9Z" id="&b;"/></svg>'
)


def png(mode: str, *colours: object) -> bytes:
    """A square of the second colour on the first."""
    picture = Image.new(mode, (40, 40), colours[0])  # type: ignore[arg-type]  # as the mode wants it
    picture.paste(colours[1], (10, 10, 30, 20))  # type: ignore[arg-type]  # as the mode wants it
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_each_shape_that_comes_along_keeps_its_proportions_and_fits() -> None:
    assert {"heart", "star"} <= set(known_silhouettes())
    for name in known_silhouettes():
        mask = named(name).mask(300, 200)
        assert mask.width <= 300
        assert mask.height <= 200
        assert mask.width == 300 or mask.height == 200
        assert 0.2 < sum(mask.tobytes()) / 255 / mask.width / mask.height < 0.99


@pytest.mark.parametrize(
    "data",
    [
        png("RGBA", (0, 0, 0, 0), (255, 255, 255, 255)),
        png("L", 255, 0),
        png("L", 0, 255),
        SVG.format('<g transform="translate(1 1)"><rect width="4" height="2"/></g>').encode(),
    ],
)
def test_a_png_or_svg_is_cropped_to_its_shape(data: bytes) -> None:
    shape = of_data(data)
    assert shape.size_within(100, 100) == (100, 50)
    assert min(shape.mask(100, 50).crop((2, 2, 98, 48)).tobytes()) > 240


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (BOMB.encode(), "DOCTYPE"),
        (SVG.format('<image href="http://x.test/a.png"/>').encode(), "<image> is refused"),
        (SVG.format('<use href="#a"/>').encode(), "<use> is refused"),
        (SVG.format("<script>alert(1)</script>").encode(), "<script> is refused"),
        (SVG.format("<foreignObject/>").encode(), "<foreignObject> is refused"),
        (SVG.format("<style>@import url(http://x.test)</style>").encode(), "<style> is refused"),
        (SVG.format('<path fill="url(http://x.test/#a)" d="M0 0H9V9Z"/>').encode(), "attribute fill"),
        (SVG.format('<a xlink:href="file:///etc/passwd" xmlns:xlink="http://www.w3.org/1999/xlink"/>').encode(), "<a>"),
        (SVG.format('<path onload="x()" d="M0 0H9V9Z"/>').encode(), "attribute onload"),
        (SVG.format("<g>" * 100 + "</g>" * 100).encode(), "too many parts"),
        (SVG.format("<g/>" * 6_000).encode(), "too many parts"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 900000"><path d="M0 0H1V900000Z"/></svg>', "8 times"),
        (SVG.format("").encode(), "nothing to see"),
        (SVG.format('<rect width="10" height="10"/>').encode(), "fills its whole picture"),
        (b"GIF89a", "neither a PNG nor an SVG"),
        (b"\x89PNG broken", "cannot be read"),
        (b"<html/>", "no SVG"),
        (b" " * 1_100_000, "more than 1 MB"),
        (png("L", 255, 255), "nothing to see"),
    ],
)
def test_what_is_no_shape_is_refused_with_the_reason(data: bytes, says: str) -> None:
    with pytest.raises(SilhouetteError, match=says):
        of_data(data)


def test_a_png_of_too_many_pixels_is_refused_before_it_is_read() -> None:
    out = io.BytesIO()
    Image.new("1", (5_000, 5_000)).save(out, "PNG")
    with pytest.raises(SilhouetteError, match="16 megapixels"):
        of_data(out.getvalue())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SilhouetteError, match="No such file"):
        of_file(tmp_path / "cat.svg")


def shaped(theme_name: str) -> Layout:
    palette, silhouette, _dark = theme(theme_name)
    return lay_out(
        scene(*MIXED, *many(400), screen=Screen(600, 900), title="感谢", palette=palette, silhouette=silhouette)
    )


@pytest.mark.parametrize("name", [name for name, one in THEMES.items() if one.shape])
def test_the_names_inside_a_silhouette_have_its_ink_and_those_outside_their_own(name: str) -> None:
    layout = shaped(name)
    shape, silhouette = layout.shape, layout.scene.silhouette
    assert shape is not None
    assert silhouette is not None
    pixels = next(render(layout)).image
    there = pixels.crop((shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)).tobytes()
    both = list(zip(silhouette.mask(shape.width, shape.height).tobytes(), there, strict=True))
    inside = {index for mask, index in both if mask == 255}
    outside = {index for mask, index in both if mask == 0}
    ramp = range(STEPS * Ink.SHAPE, STEPS * (Ink.SHAPE + 1))
    first_picture = STEPS * len(Ink)
    assert all(index in ramp or index >= first_picture for index in inside)
    assert not any(index in ramp for index in outside)
    assert STEPS * (Ink.SHAPE + 1) - 1 in inside
    assert len(pixels.getpalette() or []) // 3 <= 220


def test_each_theme_can_be_read() -> None:
    for one in THEMES.values():
        check(one.palette)
        assert not one.dark or not THEMES[one.dark].dark


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"ground": "#ffffff", "names": "#eeeeee"}', "contrast of"),
        ('{"ground": "red"}', "#rrggbb"),
        ('{"colour": "#ffffff"}', "no colour"),
        ('{"based_on": "neon"}', "names no theme"),
        ('{"silhouette": "cat"}', "no silhouette"),
        ("[1]", "JSON object"),
        ("{", "line 1"),
    ],
)
def test_a_theme_that_cannot_be_used_says_what_to_change(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ThemeError, match=says):
        theme(str(path))


def test_a_theme_of_ones_own_takes_the_rest_from_another(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"based_on": "valentine", "title": "#7a1030", "silhouette": "star", "dark": "ember"}', "utf-8")
    palette, silhouette, dark = theme(str(path))
    assert palette.title == (0x7A, 0x10, 0x30)
    assert palette.names == THEMES["valentine"].palette.names
    assert silhouette == named("star")
    assert dark == "ember"
