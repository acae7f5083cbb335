import os
from pathlib import Path

import pytest

from boot_screen.outputs.whole import OutputError, whole_folder


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "theme", {"a"}) as folder:
        (folder / "a").write_text("new")
        assert not (tmp_path / "theme").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["theme"]
    assert (tmp_path / "theme" / "a").read_text() == "new"


def test_an_older_folder_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    older = tmp_path / "theme"
    older.mkdir()
    (older / "a").write_text("old")
    with pytest.raises(FileNotFoundError), whole_folder(older, {"a"}) as folder:
        (folder / "a" / "no such folder").write_text("half")
    assert (older / "a").read_text() == "old"
    with whole_folder(older, {"a", "b"}) as folder:
        (folder / "b").write_text("new")
    assert [path.name for path in older.iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["theme"]


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(OutputError, match=r"such as letters\.txt"), whole_folder(tmp_path, {"a"}):
        pytest.fail("it was given a folder")
    assert (tmp_path / "letters.txt").read_text() == "dear"


def test_a_file_is_no_place_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "theme").write_text("dear")
    with pytest.raises(NotADirectoryError), whole_folder(tmp_path / "theme", {"a"}):
        pytest.fail("it was given a folder")


def test_a_link_to_an_older_folder_goes_on_leading_there(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with whole_folder(tmp_path / "link", {"a"}) as folder:
        (folder / "a").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"


def test_a_folder_can_be_read_by_all_whatever_the_mask(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        with whole_folder(tmp_path / "theme", {"a", "b"}) as folder:
            (folder / "a").mkdir()
            (folder / "a" / "picture").write_text("")
            (folder / "b").touch(0o700)
    finally:
        os.umask(mask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"theme": 0o755, "a": 0o755, "picture": 0o644, "b": 0o755}
