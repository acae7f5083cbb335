"""A PC in QEMU without a display, whose screen is asked for over QMP."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageChops

PROGRAM = "qemu-system-x86_64"
_BETWEEN_LOOKS = 0.25  # seconds

Box = tuple[int, int, int, int]  # left, top, right, bottom
Colour = tuple[int, int, int]


class BootFailed(Exception):
    """A boot did not show what it should; the message says what it showed, and `screen` is that if there is one."""

    def __init__(self, message: str, screen: Image.Image | None = None) -> None:
        super().__init__(message)
        self.screen = screen


class Seen(NamedTuple):
    """A screen that was awaited, and how many seconds after the start it was first found there."""

    after: float
    screen: Image.Image


class Machine:
    """A running PC."""

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket, folder: Path) -> None:
        self._process, self._folder, self._began = process, folder, time.monotonic()
        self._connection = connection.makefile("rwb")
        self._answer()  # a greeting
        self._ask("qmp_capabilities")

    def screen(self) -> Image.Image:
        """As RGB, in the size of the mode that the PC is in now."""
        path = self._folder / "screen.ppm"
        self._ask("screendump", filename=str(path))
        with Image.open(path) as picture:
            return picture.convert("RGB")

    def await_pages(self, pages: Sequence[Image.Image], seconds: float, hidden: Box | None = None) -> list[Seen]:
        """Each page, one after the other, as it first stood on the screen pixel by pixel.

        Pixels in the box `hidden` are left out. Raises BootFailed when a page has not come
        within `seconds` of the one before.
        """
        seen: list[Seen] = []
        for number, page in enumerate(pages, 1):
            deadline = time.monotonic() + seconds
            while differing(screen := self.screen(), page, hidden):
                if time.monotonic() > deadline:
                    raise BootFailed(f"page {number} never came: {_difference(screen, page, hidden)}", screen)
                time.sleep(_BETWEEN_LOOKS)
            seen.append(Seen(round(time.monotonic() - self._began, 1), screen))
        return seen

    def await_colours(self, colours: set[Colour], box: Box, seconds: float) -> None:
        """Return when these and no other colours stand in the box. Raises BootFailed when they never do."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if {colour for _count, colour in screen.crop(box).getcolors(box[2] * box[3]) or ()} == colours:
                return
            if time.monotonic() > deadline:
                raise BootFailed(f"never only the colours {sorted(colours)} in {box}", screen)
            time.sleep(_BETWEEN_LOOKS)

    def _ask(self, command: str, **arguments: str) -> None:
        self._connection.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self._connection.flush()
        answer = self._answer()
        while "event" in answer:
            answer = self._answer()
        if "error" in answer:
            raise BootFailed(f"QEMU refused {command}: {answer['error']['desc']}")

    def _answer(self) -> dict[str, Any]:
        line = self._connection.readline()
        if not line:
            raise BootFailed(f"QEMU ended by itself, with code {self._process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def machine(*hardware: str) -> Iterator[Machine]:
    """Emulated down to the processor, so that it is the same everywhere; a nested KVM would be slower, too."""
    with tempfile.TemporaryDirectory(prefix="boots-") as name, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{name}/qmp")
        listener.listen()
        listener.settimeout(60)
        command = [PROGRAM, "-accel", "tcg", "-display", "none", "-qmp", f"unix:{name}/qmp", *hardware]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                connection, _ = listener.accept()
                with connection:
                    yield Machine(process, connection, Path(name))
            except TimeoutError:
                raise BootFailed("QEMU did not start within a minute.") from None
            finally:
                process.kill()


def differing(one: Image.Image, other: Image.Image, hidden: Box | None = None) -> int:
    """Pixels that are not alike, but for those in the box `hidden`; all of them when the sizes differ."""
    if one.size != other.size:
        return max(one.width * one.height, other.width * other.height)
    difference = ImageChops.difference(one, other)
    if hidden:
        difference.paste((0, 0, 0), hidden)
    if difference.getbbox() is None:
        return 0
    red, green, blue = difference.split()
    return sum(ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[1:])


def _difference(screen: Image.Image, page: Image.Image, hidden: Box | None) -> str:
    if screen.size != page.size:
        return f"the screen is {screen.width}x{screen.height}, not {page.width}x{page.height}"
    return f"{differing(screen, page, hidden):,} of {page.width * page.height:,} pixels differ"
