"""This room's states and reasons as words, for pages, filters and timelines."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from boot_screen import Change
from campaigns.credits.rules import EditionState, Place

CHANGES = {
    Change.NORMALISED: _l("Letters are written in their usual, composed form."),
    Change.SPACES: _l("Several spaces in a row become one."),
    Change.INVISIBLE: _l("Invisible and control characters are left out."),
    Change.MARKS: _l("Marks piled up on one letter are reduced."),
    Change.UNCOVERED: _l("Characters that no font has are shown as 〓."),
    Change.CLIPPED: _l("The name is too long for one row and ends with an ellipsis."),
    Change.NAMELESS: _l("Nothing of this name can be drawn, so a number stands for it."),
}
STATES = {
    EditionState.DRAFT: (_p("boot screen", "draft"), "waiting"),
    EditionState.FROZEN: (_p("boot screen", "frozen"), "going"),
    EditionState.SHIPPED: (_p("boot screen", "shipped"), "done"),
    EditionState.SUPERSEDED: (_p("boot screen", "superseded"), "quiet"),
}
PLACES = {
    Place.ON: _l("On it"),
    Place.UNANSWERED: _l("Have not answered"),
    Place.NO: _l("Said no"),
    Place.HIDDEN: _l("Hidden by staff"),
    Place.LATE: _l("Said yes after the freeze"),
}
