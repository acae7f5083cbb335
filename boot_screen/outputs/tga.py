"""TGA as the full-screen logo of Raspberry Pi's kernel reads it, from /lib/firmware/logo.tga.

The kernel's command line then says `fullscreen_logo=1 fullscreen_logo_name=logo.tga vt.global_cursor_default=0`. On a
larger screen the rest is filled with the colour of the first pixel, which is the ground.
"""

from typing import BinaryIO

from PIL import Image

from boot_screen.outputs.indexes import colours
from boot_screen.outputs.whole import OutputError

MOST_COLOURS = 223  # one more, and the kernel writes past the end of its table
WIDEST, HIGHEST = 1920, 1080


def save_tga(image: Image.Image, file: BinaryIO) -> None:
    """Type 2, 24 bits per pixel, from the bottom up. Raises OutputError for what the kernel cannot show."""
    if image.width > WIDEST or image.height > HIGHEST:
        raise OutputError(
            f"A Raspberry Pi shows a logo of at most {WIDEST}x{HIGHEST}, not {image.width}x{image.height}. "
            "Draw the names for a smaller screen."
        )
    palette = colours(image)
    used = {palette[index] for index in set(image.tobytes())}
    if len(used) > MOST_COLOURS:
        raise OutputError(
            f"A Raspberry Pi shows a logo of at most {MOST_COLOURS} colours, not {len(used)}. "
            "Write the picture as it was drawn, with no colours added."
        )
    image.convert("RGB").save(file, "TGA")
