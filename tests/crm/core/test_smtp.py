"""What a line makes of servers that answer well, badly, too much, or not at all."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crm.core import smtp
from crm.core.lines import FIRST_REST, LONGEST_REST, Lines, Rests
from crm.core.smtp import Fate, Line, Parcel, ServerAway
from tests.services import free_port

TEXT = b"Subject: x\r\n\r\nhello\r\n"
STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "text")
Say = Callable[[str, int], bytes | None]


def parcels(*addresses: str) -> list[Parcel]:
    return [Parcel("seedbed@orange.example", address, TEXT) for address in addresses]


THREE = parcels("a@x.example", "b@x.example", "c@x.example")


class Scripted:
    """A server that says what `say(stage, n)` gives for the nth time of a stage, or hangs up for None."""

    def __init__(self, say: Say, *, piped: bool) -> None:
        self.say, self.piped = say, piped
        self.heard: list[str] = []
        self.counts: dict[str, int] = {}
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.door.getsockname()[1]}"
        Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                guest, _address = self.door.accept()
                with guest, suppress(OSError):
                    self.talk(guest)

    def talk(self, guest: socket.socket) -> None:
        stage, said = "greeting", b""
        with guest.makefile("rb") as lines:
            while True:
                self.counts[stage] = self.counts.get(stage, 0) + 1
                given = self.say(stage, self.counts[stage])
                if given is None:
                    return
                guest.sendall(given)
                if given.startswith(b"354"):
                    while (said := lines.readline()) not in (b".\r\n", b""):
                        continue
                    stage = "text" if said else "gone"
                else:
                    said = lines.readline()
                    self.heard.append(said.decode("latin-1").strip())
                    stage = said[:4].decode("latin-1").upper()
                if not said:
                    return


def well(stage: str, piped: bool) -> bytes:
    answers = {
        "greeting": b"220 here\r\n",
        "EHLO": b"250-here\r\n250-PIPELINING\r\n250 8BITMIME\r\n" if piped else b"250 here\r\n",
        "DATA": b"354 go on\r\n",
    }
    return answers.get(stage, b"250 ok\r\n")


@contextmanager
def scripted(odd: Say, *, piped: bool) -> Iterator[Scripted]:
    """Answers as a server should, but where `odd` says something else than an empty answer."""

    def say(stage: str, number: int) -> bytes | None:
        given = odd(stage, number)
        return well(stage, piped) if given == b"" else given

    server = Scripted(say, piped=piped)
    try:
        yield server
    finally:
        server.door.close()


@pytest.fixture(params=[True, False], ids=["piped", "in turn"])
def piped(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def fates(url: str, some: list[Parcel]) -> list[Fate]:
    with Line(url) as line:
        return [answer.fate for answer in line.send_all(some)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_always_hangs_up_at_a_stage(stage: str, piped: bool) -> None:
    expected = {"greeting": Fate.KEPT, "EHLO": Fate.KEPT, "text": Fate.UNKNOWN}.get(stage, Fate.PUT_OFF)
    with scripted(lambda at, _n: None if at == stage else b"", piped=piped) as server:
        assert fates(server.url, THREE) == [expected] * 3


@pytest.mark.parametrize("stage", STAGES[2:])
def test_a_line_that_breaks_once_costs_at_most_the_letter_whose_text_was_leaving(stage: str, piped: bool) -> None:
    broken = Fate.UNKNOWN if stage == "text" else Fate.ACCEPTED
    with scripted(lambda at, n: None if (at, n) == (stage, 2) else b"", piped=piped) as server:
        assert fates(server.url, THREE) == [Fate.ACCEPTED, broken, Fate.ACCEPTED]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("nonsense", [b"\xff\x00 what?\r\n", b"999999\r\n", b"2\r\n", b"\r\n", b"100 hm\r\n"])
def test_nonsense_is_as_good_as_a_broken_line(stage: str, nonsense: bytes, piped: bool) -> None:
    allowed = {"greeting": {Fate.KEPT}, "EHLO": {Fate.KEPT, Fate.ACCEPTED}, "text": {Fate.UNKNOWN}}
    with scripted(lambda at, _n: nonsense if at == stage else b"", piped=piped) as server:
        assert set(fates(server.url, THREE)) <= allowed.get(stage, {Fate.PUT_OFF})


@pytest.mark.parametrize("ending", [b"", b"\r\n250-"], ids=["one line", "many lines"])
@pytest.mark.parametrize("stage", ["greeting", "MAIL", "text"])
def test_a_reply_of_50_mb_is_not_read(stage: str, ending: bytes, piped: bool) -> None:
    """Read whole, it would take a minute and more memory than the worker has."""
    reply = b"250-" + (b"x" * 1000 + ending) * 50_000
    expected = {"greeting": Fate.KEPT, "MAIL": Fate.PUT_OFF, "text": Fate.UNKNOWN}[stage]
    with scripted(lambda at, _n: reply if at == stage else b"", piped=piped) as server, Line(server.url) as line:
        answer = line.send_all(THREE[:1])[0]
    assert answer.fate is expected
    assert "too long" in answer.text


def test_a_refused_envelope_leaves_the_letters_around_it_alone(piped: bool) -> None:
    odd = {("RCPT", 2): b"550 no such box\r\n", ("MAIL", 4): b"451 later\r\n"}
    five = parcels(*(f"{n}@x.example" for n in range(5)))
    with scripted(lambda at, n: odd.get((at, n), b""), piped=piped) as server, Line(server.url) as line:
        answers = line.send_all(five)
    assert [answer.fate for answer in answers] == [
        Fate.ACCEPTED, Fate.REFUSED, Fate.ACCEPTED, Fate.PUT_OFF, Fate.ACCEPTED,
    ]  # fmt: skip
    assert answers[1].text == "550 no such box"


def test_nothing_is_said_after_a_421(piped: bool) -> None:
    with scripted(lambda at, n: b"421 closing\r\n" if (at, n) == ("text", 1) else b"", piped=piped) as server:
        assert fates(server.url, THREE) == [Fate.PUT_OFF, Fate.ACCEPTED, Fate.ACCEPTED]
        assert server.counts["greeting"] == 2


@pytest.mark.parametrize(
    "bad",
    ["", "nobody", "@x.example", "a@", "a b@x.example", "a@x.example>\r\nRCPT TO:<eve@x.example", "a\0@x.example"],
)
def test_a_malformed_address_never_reaches_the_server(bad: str, piped: bool) -> None:
    with scripted(lambda _at, _n: b"", piped=piped) as server:
        found = fates(server.url, [*parcels("a@x.example", bad), *parcels("c@x.example")])
        assert found == [Fate.ACCEPTED, Fate.REFUSED, Fate.ACCEPTED]
        assert sum(line.startswith("RCPT") for line in server.heard) == 2
        assert not any("eve" in line for line in server.heard)


def test_what_has_not_begun_when_it_is_enough_is_kept(piped: bool) -> None:
    asked = iter([False, False, False])
    with scripted(lambda _at, _n: b"", piped=piped) as server, Line(server.url) as line:
        answers = line.send_all(THREE, lambda: next(asked, True))
    assert [answer.fate for answer in answers] == [Fate.ACCEPTED, Fate.ACCEPTED, Fate.KEPT]


def test_a_silent_server_is_given_up_in_the_end(piped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.2)
    with scripted(lambda at, _n: b"250-" if at == "text" else b"", piped=piped) as server:
        assert fates(server.url, THREE[:1]) == [Fate.UNKNOWN]


def test_lines_share_the_letters_and_answer_in_their_order() -> None:
    many = parcels(*(f"p{n}@x.example" for n in range(40)), "nobody")
    with scripted(lambda _at, _n: b"", piped=True) as server, closing(Lines(server.url, 1)) as lines:
        answers = lines.send(many, lambda: False).land()
    assert [answer.fate for answer in answers] == [Fate.ACCEPTED] * 40 + [Fate.REFUSED]


def test_a_server_that_is_away_rests_longer_each_time() -> None:
    rests = Rests()
    assert [rests.away("a") for _ in range(6)] == [FIRST_REST, 10.0, 20.0, 40.0, LONGEST_REST, LONGEST_REST]
    assert rests.left("a") > 0
    assert rests.left("b") == 0
    rests.there("a")
    assert rests.left("a") == 0
    assert rests.away("a") == FIRST_REST


# ---------------------------------------------------------------- TLS and a password


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    return certificate, private


class Keeping:
    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        assert session.authenticated
        self.got.append(envelope.content)
        return "250 taken"


def _password(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"se@d", b"p:ss/w")
    return AuthResult(success=right, handled=right)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see the TLS that is around all of it
@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_over_tls_and_with_a_password(
    scheme: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    options: dict[str, Any] = {"authenticator": _password, "auth_required": True, "port": free_port()}
    tls = {"ssl_context": context, "auth_require_tls": False} if scheme == "smtps" else {"tls_context": context}
    keeping = Keeping()
    server = Controller(keeping, hostname="127.0.0.1", **options, **tls)
    server.start()
    there = f"127.0.0.1:{server.port}"
    try:
        with Line(f"{scheme}://se%40d:p%3Ass%2Fw@{there}") as line, pytest.raises(ServerAway, match="CERTIFICATE"):
            line.connect()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert fates(f"{scheme}://se%40d:p%3Ass%2Fw@{there}", THREE) == [Fate.ACCEPTED] * 3
        with Line(f"{scheme}://se%40d:wrong@{there}") as line, pytest.raises(ServerAway, match="535"):
            line.connect()
    finally:
        with suppress(ConnectionError, ssl.SSLError):
            server.stop()
    assert len(keeping.got) == 3
