"""A letter from a mould is byte for byte the letter that is made by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crm.core.mail import as_bytes
from crm.core.programme import Programme
from crm.outbox.actions import put_wording
from crm.outbox.queries import parcels as made_by
from crm.outbox.queries.parcels import FEW, parcels
from crm.outbox.queries.rendering import books_of
from crm.outbox.rules import Channel, Lane
from tests.make import T0

BODIES = (
    "Dear {{ name }},\n\nJoin us: {{ link }}\n\n**{{ programme }}** 100 % yours",
    "你好 {{ name }}\n\n[去看看]({{ link }})",
    "{{ name|default: 'friend' }}: see {{ link }}.\n\n.button { }\n.",
    "{% if name %}Dear {{ name }}{% endif %} {{ link }}",
    "https://orange.example/{{ name }} and {{ link }}",
)
ODD = ["Ada", "", " Bo ", "O'Hara", "<b>", "a&b", "100%s", "%(to)s", "橙", "Zoë", "x" * 1200, "a\r\nBcc: x@y"]
NAMES = st.one_of(st.text(max_size=30), st.sampled_from(ODD))
PAGE = "https://orange.example/i/abc"
LINKS = st.sampled_from([PAGE, f"{PAGE}?b=1&c=2", "javascript:alert(1)", "mailto:a@b.example", ""])


def letters(wording_id: int, values: list[tuple[str, str]]) -> list[Any]:
    return [
        SimpleNamespace(
            id=number,
            channel=Channel.MAIL,
            lane=Lane.CAMPAIGN,
            wording_id=wording_id,
            values={"name": name, "link": link},
            identity_value=f"p{number}@inbox.example",
            sender_id=None,
            origin_id=None,
        )
        for number, (name, link) in enumerate(values, 1)
    ]


@pytest.fixture
def ready(programme: Programme) -> Programme:
    programme.mail_from, programme.postal_address = "seedbed@orange.example", "1 Seed Street"
    return programme


@pytest.mark.parametrize("body", BODIES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(NAMES, LINKS), min_size=FEW, max_size=FEW + 3))
@example([("Ada", PAGE)] * FEW)
def test_it_is_the_same_letter(ready: Programme, body: str, values: list[tuple[str, str]]) -> None:
    wording = put_wording("test", "en", "To {{ name }}: 100 %", body, T0)
    some = letters(wording, values)
    books = books_of(some)
    alone = {one.id: as_bytes(message) for one in some if (message := books.message(one, T0)) is not None}
    assert {number: parcel.content for number, parcel in parcels(some, T0).items()} == alone


def test_most_letters_do_come_from_a_mould(ready: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    wording = put_wording("test", "en", "To {{ name }}", BODIES[0], T0)
    monkeypatch.delattr(made_by, "as_bytes")  # whoever makes one by itself misses it
    assert len(parcels(letters(wording, [(f"Ada {n}", f"{PAGE}{n}") for n in range(50)]), T0)) == 50
