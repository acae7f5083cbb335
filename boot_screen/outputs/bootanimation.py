"""Android's bootanimation.zip: a part per page, each of one frame.

Pages instead of a moving picture, because Android keeps all frames of a part in memory. Every page stands for its time,
the last one until the system has started; when it has started earlier, the pages that are left are not shown.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from boot_screen.draw import Master
from boot_screen.layout import Layout
from boot_screen.outputs.encoded import png_of
from boot_screen.outputs.whole import FIXED_DATE, OutputError, whole_file
from boot_screen.scene import Screen

FPS = 10
MOST_SECONDS = 3600


def save_bootanimation(layout: Layout, masters: Iterable[Master], path: Path, seconds: float) -> None:
    """Each page but the last stands for `seconds`, to a tenth. Raises OutputError when that is no time to look at."""
    if not isfinite(seconds) or not 1 / FPS <= seconds <= MOST_SECONDS:
        raise OutputError(f"A page must stand for {1 / FPS} to {MOST_SECONDS} seconds, not {seconds}.")
    count = len(layout.pages)
    digits = max(3, len(str(count)))
    parts = [f"part{number:0{digits}}" for number in range(1, count + 1)]
    with whole_file(path) as file, ZipFile(file, "w", ZIP_STORED, allowZip64=False) as archive:
        _add(archive, "desc.txt", _description(layout.scene.screen, parts, round(seconds * FPS) - 1).encode())
        for master in masters:
            _add(archive, f"{parts[master.page - 1]}/0001.png", png_of(master))


def _description(screen: Screen, parts: Sequence[str], pause: int) -> str:
    """`pause` frames follow the one in which a page appears.

    The last part repeats itself, with no pause: the system would wait for the end of it. Each line ends, the last one
    too: Android leaves out a line without an end.
    """
    lines = [f"{screen.width} {screen.height} {FPS}"]
    lines += [f"p 1 {pause} {part}" for part in parts[:-1]]
    lines += [f"p 0 0 {parts[-1]}"]
    return "".join(f"{line}\n" for line in lines)


def _add(archive: ZipFile, name: str, content: bytes) -> None:
    """Not compressed, for Android leaves out what is; without the date, rights and system of this machine."""
    entry = ZipInfo(name, FIXED_DATE)
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)
