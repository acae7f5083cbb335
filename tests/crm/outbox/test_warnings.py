from __future__ import annotations

import pytest
from flask import Flask

from crm.outbox.queries.warnings import warnings_of


@pytest.fixture(autouse=True)
def _in_app(database: Flask) -> None:
    """Warnings are told in the reader's language."""


def told(subject: str = "Would you try it?", body: str = "Dear reader,\n\n[Join us]({{ link }})") -> str:
    return " ".join(one.text for one in warnings_of(subject, body, "en"))


@pytest.mark.parametrize("body", ["Dear reader, [Join us]({{ link }})", "{{ link }}", "**x** [a](https://a.example/b)"])
def test_a_sound_wording_is_not_warned_of(body: str) -> None:
    assert told(body=body) == ""


@pytest.mark.parametrize(
    ("subject", "body", "word"),
    [
        ("JOIN OUR BETA NOW", "x", "capitals"),
        ("Join us!!!", "x", "One mark"),
        ("long " * 20, "x", "long"),
        ("x", "See https://orange.example/beta today", "stands bare"),
        ("x", "[orange.example](https://evil.example/)", "fraud"),
        ("x", "[www.orange.example/x](https://evil.example/)", "fraud"),
        ("x", "[click](http://orange.example/)", "not safe"),
        ("x", "[click](here)", "leads nowhere"),
        ("x", "{{ nickname }}", "no placeholder nickname"),
        ("x", "{{ name", "cannot be read"),
        ("x", "word " * 30_000, "KB"),
        ("{{ name }}", "x", "without a name"),
    ],
)
def test_each_trouble_is_named(subject: str, body: str, word: str) -> None:
    assert word in told(subject, body)


def test_a_link_that_names_its_own_domain_is_no_fraud() -> None:
    assert told(body="[orange.example](https://www.orange.example/x)") == ""


def test_chinese_subjects_have_no_capitals() -> None:
    assert told(subject="橙色系统第一版内测邀请") == ""
