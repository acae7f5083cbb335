"""What holds for every format."""

import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from boot_screen import Layout, Master, lay_out, render, write, write_set
from boot_screen.layout import Page
from boot_screen.outputs import FORMATS, PAGE_FORMATS, SET_FORMATS, suffix_of
from tests.boot_screen.outputs.pages import blank, three_pages
from tests.boot_screen.scenes import MIXED, many, scene


def made(form: str, layout: Layout, out: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of each file, by its path."""
    if form in PAGE_FORMATS:
        write(next(render(layout)), form, out)
    else:
        write_set(layout, render(layout), form, out)
    files = [path for path in (out, *out.rglob("*")) if path.is_file()]
    return {str(path.relative_to(out)): (path.stat().st_mode, path.read_bytes()) for path in files}


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_names_give_the_same_bytes(form: str, tmp_path: Path) -> None:
    one, other = (
        made(form, lay_out(scene(*MIXED, *many(700), title="谢谢")), tmp_path / f"{number}{suffix_of(form)}")
        for number in range(2)
    )
    assert one
    assert one == other


@pytest.mark.parametrize("form", SET_FORMATS)
def test_pages_are_let_go_as_they_are_written(form: str, tmp_path: Path) -> None:
    layout, _ = three_pages()
    pictures: list[weakref.ref[Image.Image]] = []

    def one_by_one() -> Iterator[Master]:
        for page in layout.pages:
            assert sum(each() is not None for each in pictures) <= 1
            image = blank(480, 800).image
            pictures.append(weakref.ref(image))
            yield Master(image, page.number)
            del image

    write_set(layout, one_by_one(), form, tmp_path / f"out{suffix_of(form)}")


@pytest.mark.parametrize("form", [form for form in SET_FORMATS if form != "pdf"])  # which is set, not drawn
def test_a_set_that_breaks_off_leaves_nothing_behind(form: str, tmp_path: Path) -> None:
    layout, _ = three_pages()

    def drawn(page: Page) -> Master:
        raise MemoryError

    with pytest.raises(MemoryError):
        write_set(layout, map(drawn, layout.pages), form, tmp_path / f"out{suffix_of(form)}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_place_that_does_not_exist_is_named(form: str, tmp_path: Path) -> None:
    layout, _ = three_pages()
    place = tmp_path / "nowhere" / f"out{suffix_of(form)}"
    with pytest.raises(FileNotFoundError) as error:
        made(form, layout, place)
    assert error.value.filename == str(place)
