from configparser import ConfigParser
from email import message_from_string
from pathlib import Path

import pytest
from PIL import Image

from boot_screen import LANTERN, Master, Options, write_set
from boot_screen.outputs import OutputError
from tests.boot_screen.outputs.pages import three_pages

HOME = "usr/share/plymouth/themes/Wall-7"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plymouth") / "theme"
    layout, masters = three_pages()
    write_set(layout, masters, "plymouth", folder, Options(theme="Wall-7", seconds=2.5))
    return folder


def test_plymouth_finds_script_and_pages_where_the_theme_says(tree: Path) -> None:
    theme = ConfigParser()
    theme.read_string((tree / HOME / "Wall-7.plymouth").read_text())
    assert theme["Plymouth Theme"]["ModuleName"] == "script"
    assert theme["script"]["ImageDir"] == f"/{HOME}"
    assert (tree / theme["script"]["ScriptFile"].lstrip("/")).is_file()
    assert sorted(path.name for path in (tree / HOME).glob("*.png")) == ["page-1.png", "page-2.png", "page-3.png"]


def test_the_pictures_are_the_pages(tree: Path) -> None:
    for master in three_pages()[1]:
        with Image.open(tree / HOME / f"page-{master.page}.png") as picture:
            assert Master(picture, master.page).sha256() == master.sha256()


def test_the_script_shows_each_page_for_its_time_on_the_ground(tree: Path) -> None:
    script = (tree / HOME / "Wall-7.script").read_text()
    assert "pages = 3;" in script
    assert "frames = 125;" in script
    ground = script.partition("SetBackgroundTopColor(")[2].partition(")")[0]
    shares = [float(share) for share in ground.split(", ")]
    assert tuple(int(share * 255) for share in shares) == LANTERN.ground
    assert tuple(round(share * 255) for share in shares) == LANTERN.ground


def test_the_tree_is_a_package_that_sets_the_theme_and_takes_it_back(tree: Path) -> None:
    control = message_from_string((tree / "DEBIAN/control").read_text())
    assert control["Package"] == "plymouth-theme-wall-7"
    assert {"Version", "Architecture", "Maintainer", "Description"} <= set(control)
    for script, does in (
        ("postinst", "plymouth-set-default-theme Wall-7"),
        ("prerm", "plymouth-set-default-theme --reset"),
    ):
        path = tree / "DEBIAN" / script
        assert path.stat().st_mode & 0o777 == 0o755
        assert does in path.read_text()
    assert (tree / "DEBIAN").stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in (tree / HOME).iterdir()} == {0o644}


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "..", "a\n", "墙", "a;b", "a" * 64])
@pytest.mark.parametrize("form", ["plymouth", "grub"])
def test_a_name_that_would_break_a_script_or_a_path_is_refused(name: str, form: str, tmp_path: Path) -> None:
    layout, masters = three_pages()
    with pytest.raises(OutputError, match="letters, digits and hyphens"):
        write_set(layout, masters, form, tmp_path / "theme", Options(theme=name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0, 3601, float("nan")])
def test_no_time_to_look_at_a_page_is_refused(seconds: float, tmp_path: Path) -> None:
    layout, masters = three_pages()
    with pytest.raises(OutputError, match=r"0\.02 to 3600 seconds"):
        write_set(layout, masters, "plymouth", tmp_path / "theme", Options(seconds=seconds))
