"""Which of a look's formats can be drawn for which of its screens."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _

from boot_screen import Screen
from boot_screen.outputs import LARGEST_SCREENS, unfit
from campaigns.credits.queries.words import FORMAT_NAMES
from campaigns.credits.rules import Look, sides


def fits(form: str, size: str) -> bool:
    """Whether a device that takes this format can show a picture of this size."""
    asked = sides(size)
    return asked is not None and unfit(form, Screen(*asked)) is None


def formats_for(look: Look, size: str) -> tuple[str, ...]:
    return tuple(form for form in look.formats if fits(form, size))


def drawn_sizes(look: Look) -> tuple[str, ...]:
    """The screens for which there is a file to draw."""
    return tuple(size for size in look.sizes if formats_for(look, size))


def left_out(look: Look) -> list[str]:
    """A sentence for each format that is too small for some of the screens, and is not drawn for these."""
    missing = {form: [size for size in look.sizes if not fits(form, size)] for form in look.formats}
    return [
        _(
            "%(format)s: not for %(screens)s, for it shows at most %(width)s × %(height)s pixels.",
            format=FORMAT_NAMES[form],
            screens=", ".join(sizes).replace("x", " × "),
            width=LARGEST_SCREENS[form].width,
            height=LARGEST_SCREENS[form].height,
        )
        for form, sizes in missing.items()
        if sizes
    ]


def fits_nowhere(formats: Iterable[str], sizes: Iterable[str]) -> str | None:
    """What to change when a format fits none of the screens."""
    for form in formats:
        if not any(fits(form, size) for size in sizes):
            told: str = _(
                "%(format)s shows at most %(width)s × %(height)s pixels: add such a screen, or leave it out.",
                format=FORMAT_NAMES[form],
                width=LARGEST_SCREENS[form].width,
                height=LARGEST_SCREENS[form].height,
            )
            return told
    return None
