"""The words above and below the names, and the room that is left between them."""

from dataclasses import dataclass
from enum import IntEnum
from math import ceil
from typing import NamedTuple

from boot_screen.naming import set_text
from boot_screen.rows import line_height
from boot_screen.sanitise import Change
from boot_screen.scene import Scene, SceneError, Screen
from boot_screen.text import CLUSTER, Line, Typesetter


class Ink(IntEnum):
    """Which of the palette's inks; the number is its ramp in the indexed picture."""

    NAMES = 0
    NAMES_TOO = 1
    TITLE = 2
    SUBTITLE = 3
    SHAPE = 4


class Box(NamedTuple):
    """A rectangle on the screen in px: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


class Words(NamedTuple):
    """A line of type in a box, at `px` per em."""

    line: Line
    box: Box
    px: int
    ink: Ink


@dataclass(frozen=True, slots=True)
class Header:
    """Title, subtitle and footer placed, the rule below the title (None without one), and the box left for names."""

    words: tuple[Words, ...]
    rule: Box | None
    body: Box
    changes: frozenset[Change]


def lay_out_header(scene: Scene, setter: Typesetter) -> Header:
    """Title and subtitle centred at the top, the footer at the foot; each in at most two lines, sized by the screen's
    shorter side."""
    screen = scene.screen
    side = min(screen.width, screen.height)
    margin_x, margin_y = round(side * 0.06), _margin(screen)
    measure = screen.width - 2 * margin_x
    words: list[Words] = []
    changes: set[Change] = set()
    y = margin_y + (round(side * 0.025) if scene.title or scene.subtitle else 0)
    for text, share, ink in ((scene.title, 0.066, Ink.TITLE), (scene.subtitle, 0.034, Ink.SUBTITLE)):
        px = max(scene.least_px, round(side * share))
        lines, px, changed = _lines(text, px, measure, scene.least_px, setter)
        changes |= changed
        for line in lines:
            words.append(Words(line, _centred(line, px, y, screen), px, ink))
            y += line_height(px)
        y += round(px * 0.3) if lines else 0
    foot, foot_top, changed = _footer(scene, measure, setter)
    changes |= changed
    rule = None
    if words:
        rule = _rule(screen, side, y + round(side * 0.014))
        y = rule.y + rule.height + round(side * 0.042)
    body = Box(margin_x, y, measure, foot_top - y)
    if body.height < line_height(scene.least_px):
        raise SceneError("The title leaves no room for names on this screen. Shorten it, or allow smaller type.")
    return Header((*words, *foot), rule, body, frozenset(changes))


def _margin(screen: Screen) -> int:
    return round(min(screen.width, screen.height) * 0.06 + screen.height * 0.012)


def _footer(scene: Scene, measure: int, setter: Typesetter) -> tuple[list[Words], int, frozenset[Change]]:
    """The footer's lines, the top of the room that they take, and what was changed."""
    screen = scene.screen
    side = min(screen.width, screen.height)
    lowest = screen.height - _margin(screen)
    lines, px, changes = _lines(scene.footer, max(scene.least_px, round(side * 0.026)), measure, scene.least_px, setter)
    top = lowest - line_height(px) * len(lines)
    words = [
        Words(line, _centred(line, px, top + line_height(px) * row, screen), px, Ink.SUBTITLE)
        for row, line in enumerate(lines)
    ]
    return words, top - round(side * 0.03) if words else lowest, changes


def page_mark(number: int, count: int, scene: Scene, setter: Typesetter) -> Words:
    """ "2 / 6" in the bottom margin."""
    line = setter.set(f"{number} / {count}")
    px = max(12, round(min(scene.screen.width, scene.screen.height) * 0.016))
    margin = _margin(scene.screen)
    y = scene.screen.height - margin + (margin - line_height(px)) // 2
    return Words(line, _centred(line, px, y, scene.screen), px, Ink.SUBTITLE)


def _rule(screen: Screen, side: int, y: int) -> Box:
    width = round(side * 0.1)
    return Box((screen.width - width) // 2, y, width, max(1, round(side / 540)))


def _centred(line: Line, px: int, y: int, screen: Screen) -> Box:
    width = ceil(line.em * px)
    return Box((screen.width - width) // 2, y, width, line_height(px))


def _lines(
    text: str, px: int, measure: int, lowest: int, setter: Typesetter
) -> tuple[tuple[Line, ...], int, frozenset[Change]]:
    """One line if it fits at three quarters of the size or more, else two, made smaller until they fit."""
    if not text.strip():
        return (), px, frozenset()
    line, changes = set_text(text, setter, 2 * measure / lowest)
    if line is None:
        return (), px, changes
    if line.em * px * 0.75 <= measure:
        return (line,), min(px, int(measure / line.em)), changes
    first, second = _halves(line.text, setter)
    if (fitting := int(measure / max(first.em, second.em))) >= lowest:
        return (first, second), min(px, fitting), changes
    cut, more = set_text(text, setter, measure / lowest)
    return ((cut,) if cut else ()), lowest, changes | more


def _halves(text: str, setter: Typesetter) -> tuple[Line, Line]:
    """Broken near the middle, at a space or after a comma if there is one."""
    middle = len(text) / 2
    places = [at for at in range(1, len(text)) if text[at - 1] in " ,，、。:：!！·" and text[at:].strip()]
    near = [at for at in places if 0.25 < at / len(text) < 0.75]
    at = min(near, key=lambda place: abs(place - middle)) if near else _cluster_break(text)
    return setter.set(text[:at].rstrip()), setter.set(text[at:].lstrip())


def _cluster_break(text: str) -> int:
    ends = [match.end() for match in CLUSTER.finditer(text)]
    return int(min(ends[:-1], key=lambda end: abs(end - len(text) / 2), default=len(text)))
