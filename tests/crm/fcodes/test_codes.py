"""How a code is written and read: typing errors are named, no two-sign swap passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.fcodes.rules import ALPHABET, LENGTH, Mistyped, grouped, read_code, with_check

bodies = some.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)
places = some.integers(0, LENGTH - 1)


@given(bodies)
def test_a_code_is_read_however_it_is_typed(body: str) -> None:
    code = with_check(body)
    assert read_code(code) == code
    assert read_code(f"  {grouped(code).lower()} ") == code
    assert read_code(code.replace("0", "O").replace("1", "l").replace("2", "z").replace("V", "u")) == code


@given(bodies, places, some.sampled_from(ALPHABET))
def test_one_wrong_sign_is_always_found(body: str, place: int, sign: str) -> None:
    code = with_check(body)
    wrong = code[:place] + sign + code[place + 1 :]
    if wrong != code:
        with pytest.raises(Mistyped) as error:
            read_code(wrong)
        assert error.value.why == "check"


@given(bodies, places, places)
def test_two_signs_that_changed_places_are_always_found(body: str, one: int, other: int) -> None:
    signs = list(with_check(body))
    if signs[one] != signs[other]:
        signs[one], signs[other] = signs[other], signs[one]
        with pytest.raises(Mistyped):
            read_code("".join(signs))


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(Mistyped) as error:
        read_code("12345-678")
    assert error.value.why == "length"
    with pytest.raises(Mistyped) as error:
        read_code("12345-6789!")
    assert (error.value.why, error.value.sign) == ("sign", "!")
