"""The HTML of letters: what it makes of light Markdown, and what no value and no wording can do in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from liquid import Environment

from crm.core.errors import NotUnderstood
from crm.outbox.queries.layout import layout
from crm.outbox.queries.templates import compiled
from crm.outbox.queries.wordings import check_text, fill, missing, plain
from crm.outbox.queries.words import PLACES
from crm.outbox.rules import NOT_IN_CAMPAIGNS, PLACEHOLDERS

VALUES = {
    "name": "Ada",
    "link": "https://seed.example/i/1?a=1&b=2",
    "programme": "Orange",
    "unsubscribe_link": "https://seed.example/u/1",
    "postal_address": "1 Seed Street",
}


class Read(HTMLParser):
    """Tags with their links, and what is said."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _value in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(autouse=True)
def _in_app(database: Flask) -> None:
    """Words of the layout are translated."""


def shown(body: str, language: str = "en", **values: str) -> str:
    return layout(body, language, with_address=True, with_link=True).fill({**VALUES, **values})


def test_paragraphs_lists_and_strong_words_look_like_it() -> None:
    read = Read(shown("Dear {{ name }},\n\n- one\n- **two**\n\nYours"))
    assert {"ul", "li", "strong", "p"} <= set(read.tags)
    assert "Dear Ada," in read.text


@pytest.mark.parametrize("body", ["[Join us]({{ link }})", "Open:\n{{ link }}", "{{ link }}", "{{link}}\nsoon"])
def test_a_link_in_a_line_of_its_own_is_a_button(body: str) -> None:
    assert re.search(r'class="button"[^>]* href="https://seed.example/i/1\?a=1&amp;b=2"', shown(body))


def test_a_link_within_a_sentence_is_none() -> None:
    html = shown("See {{ link }} or [this]({{ link }}) soon.")
    assert 'class="button"' not in html
    assert Read(html).links.count(VALUES["link"]) == 2


def test_a_button_without_words_says_them_in_the_letters_language() -> None:
    assert "打开链接" in shown("{{ link }}", "zh")
    assert "退订" in shown("x", "zh")


@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_name_is_read_as_html(name: str) -> None:
    html = shown("Dear {{ name }}, see https://x.example/?n={{ name }} and [x]({{ name }}) **{{ name }}**", name=name)
    plain_tags = Read(
        shown("Dear {{ name }}, see https://x.example/?n={{ name }} and [x]({{ name }}) **{{ name }}**")
    ).tags
    read = Read(html)
    assert [tag for tag in read.tags if tag != "br"] == [tag for tag in plain_tags if tag != "br"]
    assert all(link.startswith(("https://", "http://", "mailto:", "#")) for link in read.links if link)


def test_a_name_that_is_a_script_stays_text() -> None:
    html = shown("Dear {{ name }}", name="<script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html


@pytest.mark.parametrize(
    "evil",
    ["<script>x</script>", "<img src=x onerror=y>", "[x](javascript:alert(1))", "![x](https://spy.example/p.gif)"],
)
def test_a_wording_brings_in_no_html_and_no_picture(evil: str) -> None:
    read = Read(shown(f"Hello {evil}"))
    assert not {"script", "img"} & set(read.tags)
    assert not [link for link in read.links if link.startswith("javascript")]


def test_a_value_that_is_no_address_leads_nowhere() -> None:
    assert Read(shown("[x]({{ link }})", link="javascript:alert(1)")).links[0] == "#"


def test_choices_are_made_in_both_parts() -> None:
    body = "{% if version %}\nBuild {{ version }}\n{% else %}\nNone yet\n{% endif %}"
    assert "Build 2 &amp; more" in shown(body, version="2 & more")
    assert "None yet" in shown(body)
    assert "Build 2 & more" in fill(body, {"version": "2 & more"})


def test_css_is_inlined_and_dark_rules_stay() -> None:
    html = shown("Hello")
    assert "<p style=" in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_those_who_read_text_see_addresses_and_no_marks() -> None:
    assert plain("**Hi** [join]({{ link }}) [a](https://x.example)") == "Hi join: {{ link }} a: https://x.example"


@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=20),
    before=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}%"), max_size=20),
)
def test_the_fast_way_gives_what_liquid_gives(name: str, before: str) -> None:
    text = f'{before}{{{{ name | default: "there" }}}}, {{{{ reason }}}}'
    assert compiled(text).fill({"name": name}) == Environment().from_string(text).render(name=name)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% include 'x' %}",
        "{% assign a = name %}",
        "{% capture a %}x{% endcapture %}",
        "{{ name | replace: '', 'xxxxxxxx' | replace: '', 'xxxxxxxx' }}",
        "{{ name | append: name }}",
        "{{ name.__class__ }}{{ config }}",
        "{{ name | safe }}",
        "{{ name",
        "{% if name %}",
        "{% raw %}{{ name }}{% endraw %}",
        "Dear {name}",
        "Dear { link }: {{ name }}",
    ],
)
def test_what_would_loop_grow_or_look_around_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        check_text(text)


def test_what_lies_inside_a_value_is_not_reached() -> None:
    assert fill("{{ name.__class__.__mro__ }}|{{ name.__len__ }}", {"name": "Ada"}) == "|"


def test_a_hole_is_a_placeholder_with_neither_fallback_nor_choice() -> None:
    body = '{{ name | default: "there" }} {% if version %}{{ version }}{% endif %} {{ reason }} {{ programme }}'
    assert missing(("{{ link }}", body), {}) == ["link", "reason"]
    assert missing(("{{ link }}", body), {"link": "x", "reason": "y"}) == []


def test_each_placeholder_has_its_words() -> None:
    assert set(PLACES) == set(PLACEHOLDERS)
    assert {"name", "link"} <= set(PLACEHOLDERS) - NOT_IN_CAMPAIGNS
