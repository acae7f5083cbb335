"""Fonts of this machine, for scripts that the vendored fonts lack. Asked only when such a character turns up."""

import functools
import hashlib
import subprocess
from pathlib import Path

from boot_screen.fonts import Font

_FORMAT = "%{file}\t%{index}\t%{style}\t%{color}\t%{scalable}\t%{charset}\n"


@functools.cache
def system_fonts() -> tuple[Font, ...]:
    """Scalable regular fonts known to fontconfig, sans serif ones first, in an order that depends on names only.

    Empty where fontconfig is not installed.
    """
    try:
        listed = subprocess.run(["fc-list", "-f", _FORMAT], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    fonts = [font for line in listed.stdout.splitlines() if (font := _read(line)) is not None]
    return tuple(sorted(fonts, key=lambda font: ("Sans" not in font.key, "Noto" not in font.key, font.key)))


def _read(line: str) -> Font | None:
    fields = line.split("\t")
    if len(fields) != 6:
        return None
    file, index, style, colour, scalable, charset = fields
    if "Regular" not in style or colour == "True" or scalable != "True" or not charset or int(index) > 0xFFFF:
        return None
    ranges = [part.partition("-") for part in charset.split()]
    firsts = tuple(int(first, 16) for first, _, _ in ranges)
    lasts = tuple(int(last or first, 16) for first, _, last in ranges)
    path = Path(file)
    return Font(f"{path.name}#{index}", path, int(index), True, "", firsts, lasts, (1.0,) * len(firsts))


@functools.cache
def digest(path: Path) -> str:
    """sha256 of a font file of this machine, for the manifest."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
