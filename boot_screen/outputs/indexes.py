"""The indexes of a picture, for encoders that look for runs of one colour."""

from collections.abc import Hashable, Sequence

from PIL import Image

from boot_screen.scene import Colour


def colours(image: Image.Image) -> list[Colour]:
    """The palette, one colour per index."""
    values = image.getpalette("RGB") or []
    return list(zip(values[::3], values[1::3], values[2::3], strict=True))


def merged(image: Image.Image, shown: Sequence[Hashable]) -> bytes:
    """Row by row, one byte per pixel; of the indexes that are `shown` alike, only the first is used."""
    first: dict[Hashable, int] = {}
    table = bytes(first.setdefault(each, index) for index, each in enumerate(shown))
    return image.tobytes().translate(table.ljust(256, b"\0"))
