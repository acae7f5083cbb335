"""What is to be drawn: the names, the words around them, the colours, the screen."""

from collections.abc import Sequence
from dataclasses import dataclass

FLOOR_PX = 12  # below this, 1.5 % of the common hanzi can no longer be told from another
DEFAULT_MIN_PX = 16
SMALLEST_SIDE, LARGEST_SIDE = 160, 8192

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255


class SceneError(ValueError):
    """The scene cannot be drawn as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name as its owner wrote it (`text`, any Unicode), and the caller's own `id` for it, unique in a scene."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Screen:
    """A device's screen in its own pixels, as it is held."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Palette:
    """One ground and the four inks on it. Neighbouring names take turns in `names` and `names_too`, so that names that
    hold spaces can be told apart."""

    ground: Colour
    names: Colour
    names_too: Colour
    title: Colour
    subtitle: Colour


LANTERN = Palette(
    ground=(20, 16, 15),
    names=(243, 232, 215),
    names_too=(219, 188, 148),
    title=(255, 206, 138),
    subtitle=(186, 158, 128),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides the picture.

    `min_px` is the smallest type size allowed, in pixels per em, at least FLOOR_PX; names that do not fit on one page
    at that size go on several. `system_fonts` lets scripts that the fonts of this package do not cover be drawn from
    the fonts of this machine; pixels are then the same only on machines with the same fonts.
    """

    names: Sequence[Name]
    screen: Screen
    title: str = ""
    subtitle: str = ""
    palette: Palette = LANTERN
    min_px: int = DEFAULT_MIN_PX
    system_fonts: bool = True

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
        if not FLOOR_PX <= self.min_px <= largest:
            raise SceneError(f"The smallest type must be {FLOOR_PX} to {largest} px on this screen, not {self.min_px}.")
        seen: set[str] = set()
        for name in self.names:
            if name.id in seen:
                raise SceneError(f"The id {name.id!r} stands twice. Give each name its own id.")
            seen.add(name.id)
