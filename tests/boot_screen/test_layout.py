from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boot_screen import Layout, Name, Scene, SceneError, Screen, lay_out
from boot_screen.layout import lay_out_from
from tests.boot_screen.scenes import PHONE, SMALL, many, placed, scene


def boxes_stand_apart_and_on_the_screen(layout: Layout) -> None:
    screen = layout.scene.screen
    for page in layout.pages:
        rows: dict[int, list[tuple[int, int]]] = {}
        for name in page.names:
            box = name.words.box
            assert box.x >= 0
            assert box.x + box.width <= screen.width
            assert box.y >= 0
            assert box.y + box.height <= screen.height
            rows.setdefault(box.y, []).append((box.x, box.x + box.width))
        tops = sorted(rows)
        height = page.names[0].words.box.height
        assert all(lower - upper >= height for upper, lower in pairwise(tops))
        for row in rows.values():
            assert all(left[1] < right[0] for left, right in pairwise(sorted(row)))


@pytest.mark.parametrize("count", [1, 2, 30, 299, 301, 1200])
@pytest.mark.parametrize("screen", [PHONE, Screen(2400, 1080), Screen(320, 240)])
def test_every_name_stands_whole_on_the_screen_and_apart_from_the_others(count: int, screen: Screen) -> None:
    layout = lay_out(scene(*many(count), screen=screen, title="感谢", subtitle="Thank you"))
    assert [name.name.id for name in placed(layout)] == [str(number) for number in range(1, count + 1)]
    assert layout.px >= 16
    boxes_stand_apart_and_on_the_screen(layout)


def test_the_type_is_the_largest_that_fits() -> None:
    wanted = scene(*many(400), screen=PHONE)
    layout = lay_out(wanted)
    assert len(layout.pages) == 1
    assert len(lay_out_from(wanted, layout.px + 1).pages) > 1


def test_names_that_do_not_fit_go_on_pages_that_are_evenly_filled() -> None:
    layout = lay_out(scene(*many(2_000)))
    filled = [len({name.words.box.y for name in page.names}) for page in layout.pages]
    assert len(filled) > 2
    assert max(filled) - min(filled) <= 1
    assert [page.number for page in layout.pages] == list(range(1, len(filled) + 1))


def test_smaller_type_is_allowed_down_to_the_floor_and_not_below() -> None:
    names = many(700)
    assert len(lay_out(scene(*names, min_px=12)).pages) < len(lay_out(scene(*names, min_px=24)).pages)
    with pytest.raises(SceneError, match="12 to"):
        lay_out(scene("a", min_px=11))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Scene([], SMALL), "no name"),
        (Scene([Name("1", "a")], Screen(100, 800)), "160 to"),
        (Scene([Name("1", "a"), Name("1", "b")], SMALL), "stands twice"),
        (Scene([Name("1", "a")], Screen(160, 160), title="长" * 20, subtitle="长" * 20, min_px=20), "no room"),
    ],
)
def test_a_scene_that_cannot_be_drawn_says_what_to_change(wrong: Scene, says: str) -> None:
    with pytest.raises(SceneError, match=says):
        lay_out(wrong)


def test_a_long_title_takes_two_lines_and_stays_on_the_screen() -> None:
    header = lay_out(
        scene("a", title="感谢勇敢的你们，来参加我们的第一次内测，没有你们就没有今天", subtitle="x" * 400)
    ).header
    assert len(header.words) > 2
    assert all(words.box.x >= 0 and words.box.x + words.box.width <= SMALL.width for words in header.words)
    assert header.changes


ANY_NAME = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(codec=None, categories=("Cs", "Cf", "Mn", "Me", "Cc", "Lo", "So", "Sk")), max_size=30),
    st.text(st.sampled_from("أبﷺדא12()[]aZ \u200d\u200c\ufe0f🏽👨👩‍❤🇨🇳#*\u20e3क्ष小あ한ก้\u0301\n"), max_size=30),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANY_NAME, min_size=1, max_size=25), st.integers(200, 700), st.integers(200, 700), ANY_NAME)
def test_any_names_at_all_are_laid_out_whole_or_reported(texts: list[str], width: int, height: int, title: str) -> None:
    layout = lay_out(scene(*texts, screen=Screen(width, height), title=title))
    names = placed(layout)
    assert [name.name.original for name in names] == texts
    for name in names:
        assert name.name.line.text.strip()
        assert name.name.changes or name.name.line.text == name.name.original
    boxes_stand_apart_and_on_the_screen(layout)
