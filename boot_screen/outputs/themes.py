"""What boot themes have in common: a name, and colours as their files write them."""

import re

from boot_screen.outputs.whole import OutputError
from boot_screen.scene import Colour


def theme_name(name: str) -> str:
    """`name` itself, which is safe as the name of files, in scripts and in settings. Raises OutputError otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}", name, re.ASCII):
        raise OutputError(f"{name!r} cannot name a theme: use at most 63 letters, digits and hyphens.")
    return name


def css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
