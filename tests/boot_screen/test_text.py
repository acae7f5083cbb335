import hashlib

import pytest

from boot_screen.fonts import FOLDER, record, vendored
from boot_screen.text import Kind, Typesetter
from tests.boot_screen.scenes import MIXED


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(with_system_fonts=False)


@pytest.mark.parametrize("name", MIXED)
def test_the_vendored_fonts_cover_the_scripts_they_promise(setter: Typesetter, name: str) -> None:
    line = setter.set(name)
    assert not line.uncovered
    assert line.text == name
    assert line.em == pytest.approx(sum(run.em for run in line.runs))
    assert line.em > 0


def test_an_emoji_sequence_is_one_picture(setter: Typesetter) -> None:
    for emoji in ("👨‍👩‍👧", "👍🏽", "🇨🇳", "❤️", "1️⃣"):
        runs = setter.set(emoji).runs
        assert [run.kind for run in runs] == [Kind.EMOJI]
        assert runs[0].em == 1.2


def test_a_digit_is_text_and_so_is_a_sign_that_asks_to_be(setter: Typesetter) -> None:
    assert setter.set("1").runs[0].kind is Kind.PLAIN
    assert setter.set("❤\ufe0e").runs[0].kind is not Kind.EMOJI


def test_words_of_different_directions_stand_in_visual_order(setter: Typesetter) -> None:
    hebrew_first = setter.set("דוד Ada")
    assert [run.text for run in hebrew_first.runs] == ["Ada", " ", "דוד"]
    latin_first = setter.set("Ada דוד 12")
    assert [run.text.strip() for run in latin_first.runs if run.text.strip()] == ["Ada", "12", "דוד"]


def test_brackets_turn_with_their_direction(setter: Typesetter) -> None:
    assert [run.text for run in setter.set("(דוד)").runs] == ["(", "דוד", ")"]


def test_a_cluster_is_never_split_between_fonts(setter: Typesetter) -> None:
    run = setter.set("x\u0301").runs[0]
    assert (run.kind, run.text) == (Kind.SHAPED, "x\u0301")


def test_a_letter_whose_mark_no_font_has_keeps_the_letter_and_says_so(setter: Typesetter) -> None:
    line = setter.set("小\u1cf4")
    assert line.text == "小"
    assert line.uncovered == {"小\u1cf4"}


def test_the_fonts_are_those_that_were_recorded() -> None:
    for font in vendored():
        assert hashlib.sha256(font.path.read_bytes()).hexdigest() == font.sha256, font.key
    assert sum(entry["bytes"] for entry in record()["fonts"]) < 14_000_000
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_every_hanzi_of_gbk_and_every_common_hangul_syllable_is_covered(setter: Typesetter) -> None:
    assert all(setter.plain_advance(chr(code)) == 1.0 for code in range(0x4E00, 0x9FA6))
    assert setter.plain_advance("䶮")
    assert setter.plain_advance("힝")


def test_a_script_of_no_vendored_font_is_borrowed_from_this_machine_or_told() -> None:
    line = Typesetter(with_system_fonts=True).set("A\ua9c1")
    assert line.borrowed or line.uncovered
    assert not (line.borrowed and line.uncovered)


def test_only_what_the_vendored_fonts_lack_is_borrowed() -> None:
    setter = Typesetter(with_system_fonts=True)
    assert not any(setter.set(name).borrowed for name in MIXED)
