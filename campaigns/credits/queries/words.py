"""This room's states and reasons as words, for pages, filters and timelines."""

from __future__ import annotations

from flask_babel import lazy_gettext, lazy_pgettext

from boot_screen import Change
from campaigns.credits.rules import EditionState, Place
from campaigns.credits.rules.asking import LeftOut

CHANGES = {
    Change.NORMALISED: lazy_gettext("Letters are written in their usual, composed form."),
    Change.SPACES: lazy_gettext("Several spaces in a row become one."),
    Change.INVISIBLE: lazy_gettext("Invisible and control characters are left out."),
    Change.MARKS: lazy_gettext("Marks piled up on one letter are reduced."),
    Change.UNCOVERED: lazy_gettext("Characters that no font has are shown as 〓."),
    Change.CLIPPED: lazy_gettext("The name is too long for one row and ends with an ellipsis."),
    Change.NAMELESS: lazy_gettext("Nothing of this name can be drawn, so a number stands for it."),
}
STATES = {
    EditionState.DRAFT: (lazy_pgettext("boot screen", "draft"), "waiting"),
    EditionState.FROZEN: (lazy_pgettext("boot screen", "frozen"), "going"),
    EditionState.SHIPPED: (lazy_pgettext("boot screen", "shipped"), "done"),
    EditionState.SUPERSEDED: (lazy_pgettext("boot screen", "superseded"), "quiet"),
}
FORMAT_NAMES = {
    "png": lazy_gettext("PNG pictures"),
    "bootanimation": lazy_gettext("Android bootanimation.zip"),
    "plymouth": lazy_gettext("Plymouth theme (Linux)"),
    "grub": lazy_gettext("GRUB theme"),
    "bmp": lazy_gettext("BMP (SeaBIOS, coreboot, U-Boot, UEFI)"),
    "pi-tga": lazy_gettext("Raspberry Pi logo.tga"),
    "splash-img": lazy_gettext("Qualcomm splash.img"),
    "rgb565": lazy_gettext("Raw RGB565"),
    "rle": lazy_gettext("RLE of RGB565"),
    "pdf": lazy_gettext("Poster to print (PDF, A2)"),
    "find-me": lazy_gettext("Find-me page (one HTML file)"),
}
LEFT_OUT = {
    LeftOut.ASKED_BEFORE: lazy_gettext("Asked before, and have not answered"),
    LeftOut.DECLINED: lazy_gettext("Asked to be left alone"),
    LeftOut.NO_ADDRESS: lazy_gettext("Have no mail address"),
}
PLACES = {
    Place.ON: lazy_gettext("On it"),
    Place.UNANSWERED: lazy_gettext("Have not answered"),
    Place.NO: lazy_gettext("Said no"),
    Place.HIDDEN: lazy_gettext("Hidden by staff"),
    Place.LATE: lazy_gettext("Said yes after the freeze"),
    Place.NOT_CHOSEN: lazy_gettext("Said yes, not chosen by the rule"),
}
