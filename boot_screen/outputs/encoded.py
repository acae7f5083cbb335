"""A page's PNG, made once."""

from boot_screen.draw import Master
from boot_screen.png import png_bytes


def png_of(master: Master) -> bytes:
    return master.png or png_bytes(master.image)
