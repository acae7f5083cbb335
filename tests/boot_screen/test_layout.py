from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boot_screen import Layout, Name, Order, Scene, SceneError, Screen, lay_out
from boot_screen.layout import lay_out_from
from boot_screen.silhouette import named
from tests.boot_screen.scenes import PHONE, SMALL, many, placed, scene


def boxes_stand_apart_and_on_the_screen(layout: Layout) -> None:
    screen = layout.scene.screen
    for page in layout.pages:
        rows: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for name in page.names:
            box = name.words.box
            assert box.x >= 0
            assert box.x + box.width <= screen.width
            assert box.y >= 0
            assert box.y + box.height <= screen.height
            rows.setdefault((box.y, box.y + box.height), []).append((box.x, box.x + box.width))
        assert all(upper[1] <= lower[0] for upper, lower in pairwise(sorted(rows)))
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


def test_a_long_name_stands_alone_in_smaller_type_and_does_not_make_the_others_small() -> None:
    others, long = many(60), "a name that goes on and on " * 2
    layout = lay_out(scene(*others, long.strip(), screen=PHONE))
    assert layout.px > lay_out(scene(*others, screen=PHONE)).px * 0.9
    names = placed(layout)
    found = next(name for name in names if name.name.line.text == long.strip())
    assert layout.scene.least_px <= found.words.px < layout.px
    assert all(name.words.px == layout.px for name in names if name is not found)
    assert [name for name in names if name.words.box.y == found.words.box.y] == [found]
    boxes_stand_apart_and_on_the_screen(layout)


@pytest.mark.parametrize(("name", "width"), [("字字", 374), ("字字", 572), ("字", 364)])
def test_a_row_that_fills_its_measure_to_a_hair_is_drawn(name: str, width: int) -> None:
    """Computed, its width is above the measure by less than a billionth."""
    layout = lay_out(scene(*[name] * 310, screen=Screen(width, 2 * width)))
    assert len(placed(layout)) == 310
    boxes_stand_apart_and_on_the_screen(layout)


def test_where_many_names_are_long_all_stand_in_the_same_type() -> None:
    layout = lay_out(scene(*(f"a name that goes on and on {number}" for number in range(60)), screen=PHONE))
    assert {name.words.px for name in placed(layout)} == {layout.px}


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


def in_sections(count: int, *headings: str, **more: object) -> Scene:
    """Names that take turns in the sections."""
    base = scene(*many(count), **more)  # type: ignore[arg-type]  # passed on as given
    names = [Name(name.id, name.text, headings[number % len(headings)]) for number, name in enumerate(base.names)]
    return Scene(names, base.screen, title=base.title, footer=base.footer, min_px=base.min_px, system_fonts=False)


@pytest.mark.parametrize("count", [3, 40, 900, 2_500])
def test_each_section_stands_together_below_its_heading(count: int) -> None:
    layout = lay_out(in_sections(count, "", "First 100", "版主", title="感谢", footer="Orange Friday"))
    boxes_stand_apart_and_on_the_screen(layout)
    numbers = [int(name.name.id) for name in placed(layout)]
    assert numbers == [n for rest in (1, 2, 3) for n in range(rest, count + 1, 3)]
    assert [words.line.text for page in layout.pages for words in page.headings] == ["First 100", "版主"]
    for page in layout.pages:
        for words in page.headings:
            below = [name for name in page.names if name.words.box.y >= words.box.y + words.box.height]
            assert below, "a heading never ends a page"


def test_a_footer_stands_below_the_names_and_takes_its_room() -> None:
    layout = lay_out(scene(*many(400), footer="Made by all of you"))
    footer = layout.header.words[-1]
    assert footer.line.text == "Made by all of you"
    lowest = max(name.words.box.y + name.words.box.height for name in layout.pages[0].names)
    assert lowest <= footer.box.y


def test_the_smallest_type_can_be_read_on_a_dense_screen() -> None:
    assert scene("a").least_px == 16
    assert scene("a", screen=Screen(1440, 3200, dpi=640)).least_px == 23
    assert scene("a", screen=Screen(1440, 3200, dpi=640), min_px=12).least_px == 12


def test_names_stand_by_seniority_by_alphabet_or_shuffled_by_a_seed() -> None:
    names = [Name("1", "张三", weight=1), Name("2", "ada", weight=3), Name("3", "Bo", weight=2), Name("4", "阿里")]

    def order(**asked: object) -> str:
        asked_for = Scene(names, SMALL, system_fonts=False, **asked)  # type: ignore[arg-type]  # passed on as given
        return "".join(name.name.id for name in placed(lay_out(asked_for)))

    assert order() == "1234"
    assert order(order=Order.SENIORITY) == "2314"
    assert order(order=Order.NAME) == "2341"
    assert order(seed=7) == order(seed=7) != "1234"


def test_a_silhouette_lies_in_the_room_for_names() -> None:
    layout = lay_out(scene(*many(100), screen=PHONE, title="感谢", silhouette=named("heart")))
    shape, body = layout.shape, layout.header.body
    assert shape is not None
    assert body.x <= shape.x
    assert shape.x + shape.width <= body.x + body.width
    assert body.y <= shape.y
    assert shape.y + shape.height <= body.y + body.height


def test_headings_that_leave_no_room_for_names_are_refused() -> None:
    with pytest.raises(SceneError, match="Leave the sections out"):
        lay_out(in_sections(3, "A", screen=Screen(160, 160), title="长长" * 9, min_px=20))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(ANY_NAME, st.sampled_from(["", "甲", "Testers"])), min_size=1, max_size=25),
    st.integers(320, 4320),
    st.integers(240, 7680),
    ANY_NAME,
    st.integers(0, 200),
)
def test_any_names_at_all_are_laid_out_whole_or_reported(
    texts: list[tuple[str, str]], width: int, height: int, title: str, times: int
) -> None:
    texts = texts * (1 + times)
    given_names = [Name(str(number), text, section) for number, (text, section) in enumerate(texts)]
    try:
        layout = lay_out(Scene(given_names, Screen(width, height), title=title, footer=title, system_fonts=False))
    except SceneError:
        assert height < 400, "only on a low screen do title and footer leave no room"
        return
    names = placed(layout)
    assert sorted(name.name.original for name in names) == sorted(text for text, _ in texts)
    for name in names:
        assert name.name.line.text.strip()
        assert name.name.changes or name.name.line.text == name.name.original
    boxes_stand_apart_and_on_the_screen(layout)
