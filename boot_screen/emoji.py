"""Coloured pictures in names, brought down to the 64 colours that the indexed picture keeps for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from PIL import Image, ImageDraw, ImageFont

from boot_screen.fonts import EMOJI_STRIKE_PX
from boot_screen.scene import Colour
from boot_screen.shaping import open_font
from boot_screen.text import EMOJI_EM, Run, Typesetter

COLOURS = 64
_ABOVE, _HEIGHT = 51 / 54, 66 / 54  # of the strike, in em of the strike
_OPAQUE_FROM = 24  # alpha; fainter pixels are left to the ground
_STRIKE_EM = 67.234375 / 54  # advance of a picture at the strike's size


@dataclass(frozen=True, slots=True)
class Tile:
    """Indexes of the final picture (mode L), where they count (mode 1), and its top above the baseline, in px."""

    indexes: Image.Image
    opaque: Image.Image
    above: int


class Pictures:
    """All emoji of a layout, each at the sizes and on the grounds it is drawn in. `colours` is at most `most` long, and
    gets the indexes from `first` on."""

    def __init__(
        self, wanted: Iterable[tuple[Run, int]], setter: Typesetter, grounds: Sequence[Colour], first: int, most: int
    ) -> None:
        strikes = sorted(set(wanted), key=lambda want: (want[0].text, want[1]))
        fonts = {run.font: open_font(setter.fonts[run.font], EMOJI_STRIKE_PX) for run, _ in strikes}
        pictures = {(run.text, px): _picture(run, px, fonts[run.font]) for run, px in strikes}
        self.colours: list[Colour] = []
        self._tiles: dict[tuple[str, int, Colour], Tile] = {}
        if pictures:
            self._reduce(pictures, grounds, first, most)

    def tile(self, run: Run, px: int, ground: Colour) -> Tile:
        return self._tiles[run.text, px, ground]

    def _reduce(
        self, pictures: dict[tuple[str, int], tuple[Image.Image, int]], grounds: Sequence[Colour], first: int, most: int
    ) -> None:
        flat = {(*key, ground): _on_ground(pictures[key][0], ground) for key in pictures for ground in grounds}
        sheet = Image.new(
            "RGB", (max(each.width for each in flat.values()), sum(each.height for each in flat.values()))
        )
        tops = list(accumulate((each.height for each in flat.values()), initial=0))
        for each, top in zip(flat.values(), tops, strict=False):
            sheet.paste(each, (0, top))
        few = sheet.quantize(most, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        raw = (few.getpalette() or [])[: most * 3]
        self.colours = [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw) - 2, 3)]
        plane = Image.frombytes("L", few.size, few.tobytes()).point([min(first + index, 255) for index in range(256)])
        for key, top in zip(flat, tops, strict=False):
            picture, above = pictures[key[:2]]
            opaque = picture.getchannel("A").point([0] * _OPAQUE_FROM + [255] * (256 - _OPAQUE_FROM), "1")
            self._tiles[key] = Tile(plane.crop((0, top, picture.width, top + picture.height)), opaque, above)


def _picture(run: Run, px: int, font: ImageFont.FreeTypeFont) -> tuple[Image.Image, int]:
    """The emoji as RGBA at its size, and how far its top is above the baseline."""
    width, height = max(1, round(font.getlength(run.text))), round(_HEIGHT * EMOJI_STRIKE_PX)
    strike = Image.new("RGBA", (width, height))
    baseline = round(_ABOVE * EMOJI_STRIKE_PX)
    ImageDraw.Draw(strike).text((0, baseline), run.text, font=font, embedded_color=True, anchor="ls")
    scale = EMOJI_EM / _STRIKE_EM * px / EMOJI_STRIKE_PX
    size = (max(1, min(int(run.em * px), round(width * scale))), max(1, round(height * scale)))
    return strike.resize(size, Image.Resampling.LANCZOS), round(baseline * scale)


def _on_ground(picture: Image.Image, ground: Colour) -> Image.Image:
    flat = Image.new("RGBA", picture.size, (*ground, 255))
    flat.alpha_composite(picture)
    return flat.convert("RGB")
