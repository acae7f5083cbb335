"""What is to be drawn: the names, the words around them, the colours, the screen."""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from boot_screen.silhouette import Silhouette

FLOOR_PX = 12  # below this, 1.5 % of the common hanzi can no longer be told from another
DEFAULT_MIN_PX = 16
DEFAULT_MIN_MM = 0.9
SMALLEST_SIDE, LARGEST_SIDE = 160, 8192
MM_PER_INCH = 25.4
DIVIDER = "· · ·"

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255


class SceneError(ValueError):
    """The scene cannot be drawn as asked; the message says what to change."""


class Order(StrEnum):
    """In which order the names of a section stand."""

    GIVEN = "given"
    NAME = "name"
    SENIORITY = "seniority"


@dataclass(frozen=True, slots=True)
class Name:
    """One name as its owner wrote it (`text`, any Unicode), and the caller's own `id` for it, unique in a scene.

    Names of one `section` stand together below its heading. A larger `weight` is more senior.
    """

    id: str
    text: str
    section: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Screen:
    """A device's screen in its own pixels, as it is held; `dpi` is its pixels per inch where they are known."""

    width: int
    height: int
    dpi: float | None = None


@dataclass(frozen=True, slots=True)
class Palette:
    """One ground and the inks on it. Neighbouring names take turns in `names` and `names_too`, so that names that
    hold spaces can be told apart. Inside a silhouette the ground is `shape` and the names are `shape_names`."""

    ground: Colour
    names: Colour
    names_too: Colour
    title: Colour
    subtitle: Colour
    shape: Colour = (20, 16, 15)
    shape_names: Colour = (255, 172, 84)


LANTERN = Palette(
    ground=(20, 16, 15),
    names=(243, 232, 215),
    names_too=(219, 188, 148),
    title=(255, 206, 138),
    subtitle=(186, 158, 128),
    shape=(20, 16, 15),
    shape_names=(255, 160, 70),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides the picture.

    `min_px` is the smallest type size allowed, in pixels per em, at least FLOOR_PX; None stands for DEFAULT_MIN_PX and
    DEFAULT_MIN_MM, whichever is larger on this screen. Names that do not fit on one page at that size go on several.
    With a `seed`, names that nothing else puts in an order are shuffled by it. `system_fonts` lets scripts that the
    fonts of this package do not cover be drawn from the fonts of this machine; pixels are then the same only on
    machines with the same fonts.
    """

    names: Sequence[Name]
    screen: Screen
    title: str = ""
    subtitle: str = ""
    footer: str = ""
    palette: Palette = LANTERN
    silhouette: Silhouette | None = None
    min_px: int | None = None
    order: Order = Order.GIVEN
    seed: int | None = None
    system_fonts: bool = True

    @property
    def least_px(self) -> int:
        """The smallest type of this scene, in px per em."""
        if self.min_px is not None:
            return self.min_px
        dpi = self.screen.dpi or 0.0
        return max(DEFAULT_MIN_PX, ceil(DEFAULT_MIN_MM * dpi / MM_PER_INCH - 1e-9))

    def check(self) -> None:
        """Raise SceneError when this scene cannot be drawn."""
        if not self.names:
            raise SceneError("There is no name to draw. Give at least one.")
        for side in (self.screen.width, self.screen.height):
            if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
                raise SceneError(
                    f"A screen of {self.screen.width}x{self.screen.height} cannot be drawn: "
                    f"each side must be {SMALLEST_SIDE} to {LARGEST_SIDE} pixels."
                )
        largest = min(self.screen.width, self.screen.height) // 8
        if not FLOOR_PX <= self.least_px <= largest:
            raise SceneError(
                f"The smallest type must be {FLOOR_PX} to {largest} px on this screen, not {self.least_px}."
            )
        seen: set[str] = set()
        for name in self.names:
            if name.id in seen:
                raise SceneError(f"The id {name.id!r} stands twice. Give each name its own id.")
            seen.add(name.id)

    def sections(self) -> list[tuple[str, list[Name]]]:
        """Headings with their names in order; sections in the order in which they first appear. Names without a section
        that come after one stand below DIVIDER."""
        found: dict[str, list[Name]] = {}
        for name in self.names:
            found.setdefault(name.section.strip(), []).append(name)
        bare = DIVIDER if next(iter(found), "") else ""
        return [(heading or bare, self._ordered(names)) for heading, names in found.items()]

    def _ordered(self, names: list[Name]) -> list[Name]:
        if self.seed is not None:
            names = list(names)
            random.Random(self.seed).shuffle(names)  # noqa: S311 -- an order that can be had again, no secret
        if self.order is Order.NAME:
            return sorted(names, key=lambda name: alphabetical(name.text))
        if self.order is Order.SENIORITY:
            return sorted(names, key=lambda name: -name.weight)
        return names


def alphabetical(text: str) -> bytes:
    """A key by which names stand as readers look for them: Latin first, then common hanzi by their pinyin.

    GB18030 keeps GB2312's order, whose 3,755 common hanzi stand by pinyin and the others by radical.
    """
    return unicodedata.normalize("NFKC", text).casefold().encode("gb18030", "ignore")
