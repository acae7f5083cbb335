"""Read as Android reads it: BootAnimation.cpp's own formats, given to the C library's sscanf."""

import ctypes
import io
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_STORED, ZipFile

import pytest
from PIL import Image

from boot_screen import Master, Options, write_set
from boot_screen.outputs import OutputError
from tests.boot_screen.outputs.pages import three_pages


class Part(NamedTuple):
    kind: str
    times: int
    pause: int
    path: str


C = ctypes.CDLL(None)


def first_line(line: bytes) -> tuple[int, int, int] | None:
    numbers = [ctypes.c_int() for _ in range(4)]
    found = C.sscanf(line, b"%d %d %d %d", *map(ctypes.byref, numbers))
    return (numbers[0].value, numbers[1].value, numbers[2].value) if found >= 3 else None


def part_line(line: bytes) -> Part:
    kind, path = ctypes.create_string_buffer(2), ctypes.create_string_buffer(256)
    count, pause, end = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    rest = [ctypes.create_string_buffer(17) for _ in range(3)]
    found = C.sscanf(line, b"%c %d %d %255s%n", kind, ctypes.byref(count), ctypes.byref(pause), path, ctypes.byref(end))
    assert found == 4
    assert C.sscanf(line[end.value :], b" #%6s %16s %16s", *rest) <= 0  # neither a colour nor a clock
    return Part(kind.value.decode(), count.value, pause.value, path.value.decode())


def description(text: bytes) -> tuple[tuple[int, int, int], list[Part]]:
    """What stands after the last end of a line is not read."""
    lines = text.split(b"\n")[:-1]
    head = first_line(lines[0])
    assert head
    return head, [part_line(line) for line in lines[1:]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    path = tmp_path_factory.mktemp("bootanimation") / "bootanimation.zip"
    layout, masters = three_pages()
    write_set(layout, masters, "bootanimation", path, Options(seconds=2.5))
    return ZipFile(io.BytesIO(path.read_bytes()))


def test_android_reads_the_size_of_the_screen_and_a_part_for_each_page(archive: ZipFile) -> None:
    (width, height, fps), parts = description(archive.read("desc.txt"))
    layout, masters = three_pages()
    assert (width, height) == (layout.scene.screen.width, layout.scene.screen.height)
    assert len(masters) == 3
    assert [part.path for part in parts] == ["part001", "part002", "part003"]
    assert [part.kind for part in parts] == ["p"] * 3
    assert all((1 + part.pause) / fps == 2.5 for part in parts[:-1])


def test_the_last_page_stays_and_delays_nothing(archive: ZipFile) -> None:
    _, parts = description(archive.read("desc.txt"))
    assert [part.times for part in parts] == [1, 1, 0]
    assert parts[-1].pause == 0


def test_the_description_ends_with_the_end_of_a_line(archive: ZipFile) -> None:
    assert archive.read("desc.txt").endswith(b"part003\n")


def test_each_part_holds_one_frame_which_is_its_page(archive: ZipFile) -> None:
    """So Android holds one texture at a time: four bytes per pixel, whatever the number of pages."""
    frames = [name for name in archive.namelist() if name != "desc.txt"]
    assert frames == ["part001/0001.png", "part002/0001.png", "part003/0001.png"]
    for name, master in zip(frames, three_pages()[1], strict=True):
        with Image.open(io.BytesIO(archive.read(name))) as frame:
            assert frame.format == "PNG"
            assert Master(frame, master.page).sha256() == master.sha256()


def test_entries_are_stored_sorted_and_tell_nothing_of_this_machine(archive: ZipFile) -> None:
    entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    for entry in entries:
        assert entry.compress_type == ZIP_STORED
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.external_attr >> 16 == 0o100644
        assert not entry.extra
        assert not entry.flag_bits


@pytest.mark.parametrize("seconds", [0, -1, 3601, float("nan"), float("inf")])
def test_no_time_to_look_at_a_page_is_refused(seconds: float, tmp_path: Path) -> None:
    layout, masters = three_pages()
    with pytest.raises(OutputError, match=r"0\.1 to 3600 seconds"):
        write_set(layout, masters, "bootanimation", tmp_path / "a.zip", Options(seconds=seconds))
    assert list(tmp_path.iterdir()) == []
