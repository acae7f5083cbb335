from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core import clock
from crm.core.db import session
from crm.core.programme import Programme
from crm.inbound.actions import close_hook, new_hook_secret
from crm.inbound.models import Incoming
from crm.outbox.rules import LetterState, Outcome
from crm.people.actions import merge
from crm.people.models import Identity, Person
from crm.people.queries import suppressed, suppressed_pairs
from tests.crm.inbound.conftest import SentLetter, id_of
from tests.crm.inbound.test_consequences import outcomes
from tests.make import T0

ADDRESS = "/api/v1/mail-events"
BO = "bo@prospects.example"


@pytest.fixture
def secret(programme: Programme) -> str:
    made = new_hook_secret(T0)
    session().commit()
    return made


def post(
    client: FlaskClient, secret: str, *events: dict[str, Any], age: timedelta = timedelta(), body: bytes = b""
) -> TestResponse:
    content = json.dumps({"events": events}).encode()
    timestamp = str(int((clock.now() - age).timestamp()))
    signature = hmac.new(secret.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
    headers = {"Seedbed-Timestamp": timestamp, "Seedbed-Signature": f"v1={signature}"}
    return client.post(ADDRESS, data=body or content, headers=headers, content_type="application/json")


def test_a_bounce_reported_by_the_provider_suppresses_once(
    client: FlaskClient, secret: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    event = {"id": "e1", "kind": "bounced", "message_id": id_of(letter), "detail": "550 gone"}
    assert post(client, secret, event).json == {"new": 1, "known": 0}
    assert post(client, secret, event).json == {"new": 0, "known": 1}
    session().expire_all()
    assert (letter.state, letter.reason) == (LetterState.BOUNCED, "550 gone")
    assert outcomes(bo) == [Outcome.SENT, Outcome.NOT_FOUND]


@pytest.mark.parametrize("kind", ["complained", "unsubscribed"])
def test_a_refusal_counts_for_whoever_stands_for_the_reader_now(
    kind: str, client: FlaskClient, secret: str, bo: Person, ada: Person, sent: SentLetter
) -> None:
    session().add(Identity(kind="email", value="ada@testers.example", person_id=ada.id))
    letter, _other = sent(bo), sent(ada)
    merge(ada.id, bo.id, at=T0)
    session().commit()
    assert letter.person_id == bo.id, "the keeper has a letter of this occasion"
    post(client, secret, {"id": "e1", "kind": kind, "message_id": id_of(letter)})
    assert suppressed([ada.id]) == {ada.id}
    assert suppressed_pairs([("email", BO)]) == {("email", BO)}
    assert outcomes(ada)[-1] is Outcome.REFUSED


@pytest.mark.parametrize("kind", ["complained", "unsubscribed"])
def test_a_complaint_or_refusal_is_final(
    kind: str, client: FlaskClient, secret: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    assert post(client, secret, {"id": "e1", "kind": kind, "address": BO.upper()}).status_code == 200
    session().expire_all()
    assert outcomes(bo) == [Outcome.SENT, Outcome.REFUSED]
    assert suppressed_pairs([("qq", "10001")])
    assert session().query(Incoming).one().letter_id == letter.id


def test_a_temporary_bounce_and_a_delivery_change_nothing(
    client: FlaskClient, secret: str, bo: Person, sent: SentLetter
) -> None:
    letter = sent(bo)
    events: list[dict[str, Any]] = [
        {"id": "e1", "kind": "bounced", "permanent": False, "message_id": id_of(letter)},
        {"id": "e2", "kind": "delivered", "message_id": id_of(letter)},
    ]
    assert post(client, secret, *events).json == {"new": 2, "known": 0}
    session().expire_all()
    assert (letter.state, suppressed([bo.id])) == (LetterState.SENT, set())


def test_an_address_that_nobody_has_is_kept_from_later_imports(client: FlaskClient, secret: str) -> None:
    post(client, secret, {"id": "e1", "kind": "complained", "address": "who@elsewhere.example"})
    assert suppressed_pairs([("email", "who@elsewhere.example")])


def test_what_is_not_signed_or_old_or_changed_is_refused(
    client: FlaskClient, secret: str, bo: Person, sent: SentLetter
) -> None:
    event = {"id": "e1", "kind": "bounced", "message_id": id_of(sent(bo))}
    other = json.dumps({"events": [event | {"kind": "complained"}]}).encode()
    answers = [
        post(client, "another secret", event),
        post(client, secret, event, age=timedelta(minutes=6)),
        post(client, secret, event, age=timedelta(minutes=-6)),
        post(client, secret, event, body=other),
        client.post(ADDRESS, json={"events": [event]}),
    ]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert session().query(Incoming).count() == 0


def test_without_a_secret_nothing_is_taken(client: FlaskClient, secret: str) -> None:
    close_hook(T0)
    session().commit()
    assert post(client, secret, {"id": "e", "kind": "delivered", "address": BO}).status_code == 401


@pytest.mark.parametrize(
    ("event", "place"),
    [
        ({"id": "e1", "kind": "bounced"}, "/events/0/message_id"),
        ({"id": "", "kind": "bounced", "address": BO}, "/events/0/id"),
        ({"id": "e1", "kind": "opened", "address": BO}, "/events/0/kind"),
        ({"id": "e1", "kind": "bounced", "address": BO, "more": 1}, "/events/0/more"),
        ({"id": "e1", "kind": "bounced", "address": "a\x00b"}, "/events/0/address"),
    ],
)
def test_a_fault_is_told_at_its_place(event: dict[str, Any], place: str, client: FlaskClient, secret: str) -> None:
    answer = post(client, secret, event)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == place


def test_an_admin_makes_the_secret_which_is_shown_once(lins_browser: FlaskClient) -> None:
    page = lins_browser.post("/settings/bounces/secret").text
    assert "only time that the secret is shown" in page
    assert "only time" not in lins_browser.get("/settings/bounces").text
    lins_browser.post("/settings/bounces/secret/remove")
    assert "Make a secret" in lins_browser.get("/settings/bounces").text
