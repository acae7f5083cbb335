"""One name on a drawn page, lit up: the part of the page around it, the rest dimmed."""

from PIL import Image, ImageDraw

from boot_screen.header import Box

SHARE_SIZE = (1200, 630)  # px; what places that show links expect
_LARGEST_SCALE = 3.0  # beyond it the letters would be pudding
_NAME_SHARE = 0.4  # of the width that the name may take
_DIMMED = 0.62


def spotlight(page: Image.Image, box: Box, size: tuple[int, int] = SHARE_SIZE) -> Image.Image:
    """A picture of `size` px (mode RGB) from the page around `box`; the name in it has its full light and a frame."""
    scale = min(_LARGEST_SCALE, size[0] * _NAME_SHARE / box.width, size[1] * _NAME_SHARE / box.height)
    scale = max(scale, size[0] / page.width, size[1] / page.height)
    part = _part(page.size, box, (size[0] / scale, size[1] / scale))
    picture = page.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=part)
    frame = [
        (box.x - part[0]) * scale - 10,
        (box.y - part[1]) * scale - 6,
        (box.x + box.width - part[0]) * scale + 10,
        (box.y + box.height - part[1]) * scale + 6,
    ]
    light = Image.new("L", size, round(255 * _DIMMED))
    ImageDraw.Draw(light).rounded_rectangle(frame, 12, fill=0)
    ground = Image.new("RGB", size, page.convert("RGB").getpixel((0, 0)))
    lit = Image.composite(ground, picture, light)
    ImageDraw.Draw(lit).rounded_rectangle(frame, 12, outline=_outline(lit), width=3)
    return lit


def _part(page: tuple[int, int], box: Box, wanted: tuple[float, float]) -> tuple[float, float, float, float]:
    """The part of the page with the name in its middle, moved so that it stays on the page."""
    left = box.x + box.width / 2 - wanted[0] / 2
    top = box.y + box.height / 2 - wanted[1] / 2
    left = min(max(0.0, left), page[0] - wanted[0])
    top = min(max(0.0, top), page[1] - wanted[1])
    return left, top, left + wanted[0], top + wanted[1]


def _outline(picture: Image.Image) -> tuple[int, int, int]:
    """Orange that stands out from a dark or a light ground."""
    dark = sum(picture.resize((1, 1)).convert("L").tobytes()) < 128
    return (247, 165, 81) if dark else (176, 72, 10)
