import pytest

from boot_screen import Change, lay_out
from boot_screen.sanitise import sanitise
from tests.boot_screen.scenes import MIXED, placed, scene


@pytest.mark.parametrize("name", MIXED)
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    assert sanitise(name) == (name, frozenset())


@pytest.mark.parametrize(
    ("given", "shown", "change"),
    [
        ("a\nb", "a b", Change.SPACES),
        ("  a \t b  ", "a b", Change.SPACES),
        ("小\u3000雨", "小 雨", Change.SPACES),
        ("a\x00b", "ab", Change.INVISIBLE),
        ("a\ud800b", "ab", Change.INVISIBLE),
        ("a\u202eb", "ab", Change.INVISIBLE),
        ("a\u2066b\u2069", "ab", Change.INVISIBLE),
        ("a\ue000b", "ab", Change.INVISIBLE),
        ("a\u200db", "ab", Change.INVISIBLE),
        ("a\ufe0fb", "ab", Change.INVISIBLE),
        ("小\U000e0100雨", "小雨", Change.INVISIBLE),
        ("e\u0301", "é", Change.NORMALISED),
        ("x" + "\u0301" * 500, "x\u0301\u0301", Change.MARKS),
        ("\u0301a", "a", Change.MARKS),
        ("ด" + "\u0e49" * 50, "ด" + "\u0e49" * 4, Change.MARKS),
    ],
)
def test_what_would_harm_the_page_is_removed_and_told(given: str, shown: str, change: Change) -> None:
    text, changes = sanitise(given)
    assert text == shown
    assert change in changes


@pytest.mark.parametrize(
    "name",
    ["👨‍👩‍👧", "❤️", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1️⃣", "نمی\u200cدانم", "क्\u200dष"],
)
def test_joiners_and_selectors_stay_where_they_mean_something(name: str) -> None:
    assert sanitise(name)[0] == name


def test_a_megabyte_of_name_is_cut_before_anything_else_looks_at_it() -> None:
    text, changes = sanitise("长" * 1_000_000)
    assert len(text) <= 1_000
    assert Change.CLIPPED in changes


@pytest.mark.parametrize("name", ["", " ", "\u200b\u3164", "\u202e\x00", "\u0301\u0302", "\u2800"])
def test_a_name_of_nothing_is_shown_by_its_number(name: str) -> None:
    only = placed(lay_out(scene(name)))[0].name
    assert only.line.text == "tester #1"
    assert Change.NAMELESS in only.changes


def test_characters_that_no_font_has_are_marked_and_told() -> None:
    only = placed(lay_out(scene("A\ua9c1B")))[0].name
    assert only.line.text == "A〓B"
    assert only.changes == {Change.UNCOVERED}
    assert only.line.uncovered == {"\ua9c1"}


def test_a_name_that_no_font_has_at_all_is_shown_by_its_number() -> None:
    only = placed(lay_out(scene("\ua9c1\ua9c2")))[0].name
    assert only.line.text == "tester #1"
    assert only.changes == {Change.UNCOVERED, Change.NAMELESS}


def test_an_endless_name_is_cut_between_clusters_with_an_ellipsis() -> None:
    only = placed(lay_out(scene("👨‍👩‍👧" * 100)))[0].name
    assert only.line.text.rstrip("…") == "👨‍👩‍👧" * (only.line.text.count("👨"))
    assert only.line.text.endswith("…")
    assert only.changes == {Change.CLIPPED}
