from math import inf

from hypothesis import given, settings

from bench.boot_screen import sample_names
from boot_screen import Scene, Screen, lay_out, render
from boot_screen.draw import STEPS
from boot_screen.header import Ink
from boot_screen.sanitise import sanitise
from boot_screen.text import Typesetter, ordinary_line
from tests.boot_screen.crowds import hostile_names
from tests.boot_screen.test_layout import ANY_NAME, boxes_stand_apart_and_on_the_screen

_SETTER = Typesetter(with_system_fonts=False)


def test_each_of_a_hundred_thousand_names_is_drawn_whole_or_its_change_is_told() -> None:
    names = sample_names(60_000) + hostile_names(40_000)
    layout = lay_out(Scene(names, Screen(1440, 3200), title="感谢", system_fonts=False))
    boxes_stand_apart_and_on_the_screen(layout)
    waiting = {name.id: name.text for name in names}
    for master in render(layout, jobs=2):
        ink = master.image.point(
            [0 if index % STEPS == 0 and index < STEPS * len(Ink) else 255 for index in range(256)]
        )
        for placed in layout.pages[master.page - 1].names:
            name, box = placed.name, placed.words.box
            assert name.original == waiting.pop(name.id)
            assert name.changes or name.line.text == name.original
            assert ink.crop((box.x - 1, box.y, box.x + box.width + 1, box.y + box.height)).getbbox(), name
    assert not waiting


@settings(max_examples=400, deadline=None)
@given(ANY_NAME)
def test_the_quick_way_sets_a_name_as_the_thorough_one_does(name: str) -> None:
    em = _SETTER.ordinary_em(name)
    if 0 < em < inf:
        assert sanitise(name) == (name, frozenset())
        assert _SETTER.set(name) == ordinary_line(name, em)


def test_the_quick_way_is_taken_by_most_names_and_by_none_that_needs_care() -> None:
    real = sample_names(2_000)
    assert sum(_SETTER.ordinary_em(name.text) < inf for name in real) > 0.8 * len(real)
    for name in hostile_names(5_000):
        if 0 < _SETTER.ordinary_em(name.text) < inf:
            assert sanitise(name.text) == (name.text, frozenset()), ascii(name.text)
