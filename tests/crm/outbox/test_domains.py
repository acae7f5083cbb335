"""Keys of a domain and its DNS, asked of a real name server on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dkim
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.rules import Role
from crm.core.db import session
from crm.core.dkim import Algorithm
from crm.core.errors import MoveRefused, NotThere
from crm.core.journal import JournalEntry
from crm.core.programme import Programme
from crm.outbox import tasks
from crm.outbox.actions import make_key, retire_key, use_key
from crm.outbox.models import DkimKey
from crm.outbox.queries.keys import can_sign, sending_domains, signers_by_domain
from crm.outbox.rules import KEY_MOVES, KeyState, Verdict
from crm.outbox.views.domains import asked_of_dns
from crm.people.models import Person
from tests import make
from tests.cast import SignIn
from tests.crm.outbox.conftest import Server, Write
from tests.make import T0

DOMAIN = "orange.example"


class NameServer:
    """Answers TXT questions from `records` over UDP; `rcode` for everything when it is set."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.rcode: dns.rcode.Rcode | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                asked, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            if not asked:
                return
            self._socket.sendto(self._answer(asked), peer)

    def _answer(self, asked: bytes) -> bytes:
        query = dns.message.from_wire(asked)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = query.question[0].name
        texts = self.records.get(name.to_text(omit_final_dot=True), [])
        if self.rcode is not None:
            answer.set_rcode(self.rcode)
        elif not texts:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        for text in texts:
            strings = " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", strings))
        return answer.to_wire()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def name_server(database: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    running = NameServer()
    monkeypatch.setitem(database.config, "DNS_SERVERS", running.place)
    yield running
    try:
        running.stop()
    except OSError:
        running._socket.close()


def verdicts(domain: str, keys: list[DkimKey]) -> dict[str, tuple[Verdict, str]]:
    return {one.record: (one.verdict, one.word) for one in asked_of_dns(domain, keys)}


@pytest.fixture
def key(programme: Programme) -> DkimKey:
    return make_key(DOMAIN, Algorithm.RSA, T0)


def test_a_domain_in_order_is_said_to_be(key: DkimKey, name_server: NameServer) -> None:
    name_server.records = {
        DOMAIN: ["google-site-verification=x", "v=spf1 a:mail.orange.example -all"],
        f"_dmarc.{DOMAIN}": ["v=DMARC1; p=reject"],
        key.name: [key.record],
    }
    assert verdicts(DOMAIN, [key]) == {
        "SPF": (Verdict.GOOD, "spf_good"),
        "DMARC": (Verdict.GOOD, "dmarc_reject"),
        "DKIM": (Verdict.GOOD, "dkim_good"),
    }


def test_what_is_missing_is_said_with_what_to_set(key: DkimKey, name_server: NameServer) -> None:
    found = {one.record: one for one in asked_of_dns(DOMAIN, [key])}
    assert {one.verdict for one in found.values()} == {Verdict.MISSING}
    assert found["DKIM"].wanted == key.record
    assert found["DMARC"].wanted.startswith("v=DMARC1; p=none")
    assert found["SPF"].wanted.startswith("v=spf1 ")


@pytest.mark.parametrize(
    ("spf", "word"),
    [
        (["v=spf1 mx -all", "v=spf1 a -all"], "spf_twice"),
        (["v=spf1 mx +all"], "spf_open"),
        (["v=spf1 mx"], "spf_endless"),
        (["v=spf10 mx -all"], "spf_missing"),
        (["v=spf1 redirect=_spf.orange.example"], "spf_good"),
        (["v=spf1 -all"], "spf_nobody"),
        (["v=spf1 -mx ~a include: -all"], "spf_nobody"),
        (["v=spf1 -all include:_spf.orange.example"], "spf_nobody"),
        (["v=spf1 -all redirect=_spf.orange.example"], "spf_nobody"),
        (["v=spf1 redirect=_spf.orange.example -all"], "spf_nobody"),
        (["v=spf1 ~all"], "spf_no_server"),
        (["v=spf1 exists:%{i}.orange.example -all"], "spf_no_server"),
        (["v=spf1 +a/24 -all"], "spf_good"),
        (["V=SPF1 IP4:192.0.2.1 -ALL"], "spf_good"),
    ],
)
def test_spf_is_judged(programme: Programme, name_server: NameServer, spf: list[str], word: str) -> None:
    name_server.records = {DOMAIN: spf}
    assert verdicts(DOMAIN, [])["SPF"][1] == word


def test_an_spf_record_that_forbids_us_is_to_be_mended(programme: Programme, name_server: NameServer) -> None:
    name_server.records = {DOMAIN: ["v=spf1 -all"]}
    [found] = [one for one in asked_of_dns(DOMAIN, []) if one.record == "SPF"]
    assert found.verdict is Verdict.BAD
    assert found.wanted.startswith("v=spf1 a:") or found.wanted == "v=spf1 mx -all"
    assert found.wanted.endswith(" -all")
    name_server.records = {DOMAIN: ["v=spf1 ~all"]}
    assert verdicts(DOMAIN, [])["SPF"] == (Verdict.DOUBTFUL, "spf_no_server")


@pytest.mark.parametrize(
    ("dmarc", "word"),
    [
        (["v=DMARC1; p=none; rua=mailto:x@orange.example"], "dmarc_none"),
        (["v=DMARC1; sp=none"], "dmarc_no_policy"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "dmarc_twice"),
    ],
)
def test_dmarc_is_judged(programme: Programme, name_server: NameServer, dmarc: list[str], word: str) -> None:
    name_server.records = {f"_dmarc.{DOMAIN}": dmarc}
    assert verdicts(DOMAIN, [])["DMARC"][1] == word


def test_a_policy_of_the_domain_above_counts(programme: Programme, name_server: NameServer) -> None:
    name_server.records = {f"_dmarc.{DOMAIN}": ["v=DMARC1; p=quarantine"]}
    assert verdicts(f"mail.{DOMAIN}", [])["DMARC"] == (Verdict.GOOD, "dmarc_quarantine")


def test_anothers_key_under_our_name_is_found_out(key: DkimKey, name_server: NameServer) -> None:
    name_server.records = {key.name: ["v=DKIM1; k=rsa; p=AAAA"]}
    assert verdicts(DOMAIN, [key])["DKIM"] == (Verdict.BAD, "dkim_other")


def test_a_dns_that_fails_says_nothing_of_the_records(key: DkimKey, name_server: NameServer) -> None:
    name_server.rcode = dns.rcode.SERVFAIL
    assert {verdict for verdict, _word in verdicts(DOMAIN, [key]).values()} == {Verdict.SILENT}


def test_a_signed_letter_verifies_with_the_record_shown(server: Server, people: list[Person], write: Write) -> None:
    made = {algorithm: make_key(DOMAIN, algorithm, T0) for algorithm in Algorithm}
    for one in made.values():
        use_key(one.id, T0)
    write(people[:1], "n:1")
    session().commit()
    tasks.send_due.run()
    content = server.raw[0]
    records = {f"{one.name}.".encode(): one.record.encode() for one in made.values()}
    signed = dkim.DKIM(content)
    for position in range(2):
        assert signed.verify(idx=position, dnsfunc=lambda name, **_more: records.get(name))


def test_the_next_key_takes_over_from_the_one_before(key: DkimKey) -> None:
    use_key(key.id, T0)
    second = make_key(DOMAIN, Algorithm.RSA, T0)
    assert second.selector != key.selector
    assert [signer.selector for signer in signers_by_domain()[DOMAIN]] == [key.selector]
    use_key(second.id, T0)
    session().refresh(key)
    assert (key.state, second.state) == (KeyState.RETIRED, KeyState.ACTIVE)
    assert [signer.selector for signer in signers_by_domain()[DOMAIN]] == [second.selector]
    retire_key(second.id, T0)
    assert signers_by_domain() == {}


@pytest.mark.parametrize("to", [KeyState.ACTIVE, KeyState.RETIRED])
@pytest.mark.parametrize("start", KeyState)
def test_keys_move_as_the_table_says(key: DkimKey, start: KeyState, to: KeyState) -> None:
    key.state = start
    session().flush()
    move = use_key if to is KeyState.ACTIVE else retire_key
    if to in KEY_MOVES[start]:
        assert move(key.id, T0).state is to
    else:
        with pytest.raises(MoveRefused):
            move(key.id, T0)


def test_only_a_domain_that_we_write_from_gets_a_key(programme: Programme) -> None:
    assert sending_domains() == [DOMAIN]
    with pytest.raises(NotThere):
        make_key("elsewhere.example", Algorithm.RSA, T0)


def test_the_private_key_is_kept_sealed(key: DkimKey, database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PRIVATE" not in key.sealed
    use_key(key.id, T0)
    monkeypatch.setitem(database.config, "SECRET_KEY", "another" * 8)
    from crm.outbox.queries import keys  # noqa: PLC0415 -- its cache is what this test empties

    keys._signer.cache_clear()
    assert not can_sign(key)
    assert signers_by_domain() == {}


def test_an_admin_makes_uses_and_checks_a_key(
    programme: Programme, lins_browser: FlaskClient, name_server: NameServer
) -> None:
    assert DOMAIN in lins_browser.get("/settings/signing").text
    address = f"/settings/signing/{DOMAIN}"
    lins_browser.post(f"{address}/keys", data={"algorithm": "ed25519"})
    made = session().query(DkimKey).one()
    page = lins_browser.get(f"{address}?check=1").text
    assert made.name in page
    assert "k=ed25519" in page
    assert "not there yet" in page
    assert lins_browser.post(f"/settings/signing/keys/{made.id}/use").status_code == 302
    session().expire_all()
    assert made.state is KeyState.ACTIVE
    assert [one.action for one in session().query(JournalEntry) if one.action.startswith("dkim")] == [
        "dkim_key.make",
        "dkim_key.use",
    ]
    assert lins_browser.post(f"{address}/keys", data={"algorithm": "md5"}).status_code == 422


def test_nobody_else_sees_keys(programme: Programme, sign_in: SignIn) -> None:
    browser = sign_in(make.staff("Chen", Role.COMMUNITY))
    assert browser.get(f"/settings/signing/{DOMAIN}").status_code == 403
    assert browser.post(f"/settings/signing/{DOMAIN}/keys").status_code == 403


def test_a_dns_that_cannot_be_asked_is_told_once_and_plainly(
    programme: Programme, lins_browser: FlaskClient, name_server: NameServer
) -> None:
    name_server.rcode = dns.rcode.SERVFAIL
    page = lins_browser.get(f"/settings/signing/{DOMAIN}?check=1")
    assert page.status_code == 200
    assert page.text.count("The DNS could not be asked") == 1
