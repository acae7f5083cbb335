import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from boot_screen import Master, Options, write_set
from tests.boot_screen.outputs.pages import three_pages


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grub") / "theme"
    layout, masters = three_pages()
    write_set(layout, masters, "grub", path, Options(theme="wall"))
    return path


def test_the_background_is_the_first_page_in_a_png_that_grub_can_read(folder: Path) -> None:
    file = folder / "background.png"
    assert file.read_bytes()[24:29] == bytes((8, 3, 0, 0, 0))  # bits, indexed, not interlaced
    with Image.open(file) as picture:
        assert Master(picture, 1).sha256() == three_pages()[1][0].sha256()


def test_every_picture_that_the_theme_names_is_there(folder: Path) -> None:
    theme = (folder / "theme.txt").read_text()
    named = re.findall(r'"([^"]+\.png)"', theme)
    assert named == ["background.png", "band.png"]
    assert all((folder / name).is_file() for name in named)


def test_the_band_below_the_menu_cuts_no_row_and_reaches_the_bottom(folder: Path) -> None:
    theme = (folder / "theme.txt").read_text()
    tops, heights = ({int(number) for number in re.findall(rf"{word} = (\d+)\n", theme)} for word in ("top", "height"))
    (top,), (height,) = tops, heights
    layout = three_pages()[0]
    assert top + height == layout.scene.screen.height
    assert 0.7 <= top / layout.scene.screen.height < 0.8
    boxes = [placed.words.box for placed in layout.pages[0].names]
    assert all(box.y + box.height <= top or box.y >= top for box in boxes)
    assert any(box.y >= top for box in boxes)


def test_the_folder_says_that_grub_shows_one_page_and_where_it_belongs(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    assert "GRUB shows one page: this is the first of 3." in text
    assert "GRUB_THEME=/boot/grub/themes/wall/theme.txt" in text
    assert "GRUB_GFXMODE=480x800x32" in text


def test_pages_that_grub_does_not_show_are_not_drawn(tmp_path: Path) -> None:
    layout, masters = three_pages()

    def first_only() -> Iterator[Master]:
        yield masters[0]
        pytest.fail("a second page was asked for")

    write_set(layout, first_only(), "grub", tmp_path / "theme")
