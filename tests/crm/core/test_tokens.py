"""Tokens that are written by hand are those that itsdangerous reads."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from crm.core.errors import NotAllowed
from crm.core.tokens import read, sign

PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4), max_leaves=6
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PAYLOADS)
def test_whatever_is_signed_is_read_again_and_only_for_its_purpose(app: Flask, payload: object) -> None:
    with app.app_context():
        token = sign("letter", payload)
        assert read("letter", token) == payload
        assert URLSafeSerializer(app.config["SECRET_KEY"], salt="letter").loads(token) == payload
        bent = token.rpartition(".")[0] + "." + sign("other", payload).rpartition(".")[2]
        for other in (("other", token), ("letter", bent)):
            with pytest.raises(NotAllowed):
                read(*other)


def test_links_in_letters_of_an_earlier_release_still_open(app: Flask) -> None:
    with app.app_context():
        earlier = URLSafeSerializer(app.config["SECRET_KEY"], salt="letter").dumps([7, 12])
        assert read("letter", str(earlier)) == [7, 12]
