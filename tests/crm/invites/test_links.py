"""Invite links: short, unguessable, one a person and campaign, made by the thousand."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, insert, select

from crm.core.db import session
from crm.core.programme import Programme
from crm.invites.actions import make_invites, new_code, note_opening
from crm.invites.models import Invite
from crm.invites.queries import last_touches, opened_of
from crm.invites.rules import ALPHABET, LENGTH, codes_in, guesser, is_opening, tidy_code
from crm.people.actions import forget, make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.make import T0

BROWSER = {"User-Agent": "Mozilla/5.0 (Android 14) Firefox/140"}


@pytest.fixture
def origin(programme: Programme) -> int:
    return make_origin(OriginKind.CAMPAIGN, "campaign:1", "Spring")


def test_a_code_has_49_bits_and_no_letters_that_are_taken_for_others() -> None:
    assert len(ALPHABET) ** LENGTH > 2**49
    assert not set("01iloIOu") & set(ALPHABET)
    assert {len({new_code() for _ in range(1000)}), len(new_code())} == {1000, 10}


@pytest.mark.parametrize("typed", ["kx4m2-9abcd", " KX4M29ABCD ", "kx4m 29ab cd"])
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert tidy_code(typed) == "kx4m29abcd"


@pytest.mark.parametrize("typed", ["", "kx4m29abc", "kx4m29abcdd", "kx4m29abci", "kx4m29abc0"])
def test_what_is_no_code_is_told_without_asking_the_table(typed: str) -> None:
    assert tidy_code(typed) is None


def test_codes_are_found_in_names_and_messages() -> None:
    assert codes_in("Bo (KX4M29ABCD)", "hi, kx4m29abcd! abcdefghjkm") == ["kx4m29abcd"]


def test_each_person_gets_one_link_a_campaign_and_keeps_it(origin: int, bo: Person, mallory: Person) -> None:
    first = make_invites(origin, [(bo.id, "a", None)], T0)
    again = make_invites(origin, [(bo.id, "b", None), (mallory.id, "b", None)], T0)
    assert again[bo.id] == first[bo.id] != again[mallory.id]
    rows = session().scalars(select(Invite.variant).order_by(Invite.person_id)).all()
    assert rows == ["a", "b"]


def test_five_thousand_links_are_made_in_one_statement(origin: int) -> None:
    people = [make.person() for _ in range(3)]
    session().execute(
        insert(Person),
        [{"name": f"P{n}", "is_staff": False, "collected_at": T0} for n in range(4997)],
    )
    ids = list(session().scalars(select(Person.id)))
    written: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO invite"):
            written.append(statement)

    engine = session().connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        codes = make_invites(origin, [(number, "", None) for number in ids], T0)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(written) == 1
    assert len(set(codes.values())) == len(ids) >= 5000
    assert people[0].id in codes


def test_openings_are_counted_and_the_first_stays(origin: int, bo: Person, mallory: Person) -> None:
    make_invites(origin, [(bo.id, "", None), (mallory.id, "", None)], T0)
    invite = session().scalars(select(Invite).where(Invite.person_id == bo.id)).one()
    later = T0.replace(year=2027)
    note_opening(invite.id, T0)
    note_opening(invite.id, later)
    session().expire_all()
    assert (invite.opened, invite.first_opened_at, invite.last_opened_at) == (2, T0, later)
    assert opened_of(origin, [bo.id, mallory.id]) == {bo.id}
    assert last_touches([bo.id, mallory.id]) == {bo.id: (invite.id, origin)}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", BROWSER),
        ("GET", {}),
        ("GET", {**BROWSER, "Sec-Purpose": "prefetch;prerender"}),
        ("GET", {**BROWSER, "Purpose": "prefetch"}),
        ("GET", {**BROWSER, "X-Purpose": "preview"}),
        ("GET", {**BROWSER, "X-Moz": "prefetch"}),
        ("GET", {**BROWSER, "Sec-Fetch-Dest": "image"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
        ("GET", {"User-Agent": "python-requests/2.32"}),
        ("GET", {"User-Agent": "TelegramBot (like TwitterBot)"}),
    ],
)
def test_what_says_that_it_is_no_reader_does_not_count(method: str, headers: dict[str, str]) -> None:
    assert not is_opening(method, headers)


def test_a_reader_counts_also_inside_a_chat_program() -> None:
    assert is_opening("GET", BROWSER)
    assert is_opening("GET", {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50", "Sec-Fetch-Dest": "document"})


def test_wrong_tries_are_counted_for_a_whole_ipv6_network() -> None:
    assert guesser("2001:db8:1:2:3::4") == guesser("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert guesser("::ffff:192.0.2.7") == guesser("192.0.2.7") == "192.0.2.7"


def test_a_forgotten_persons_links_are_gone(origin: int, bo: Person) -> None:
    make_invites(origin, [(bo.id, "", None)], T0)
    forget(bo.id, at=T0)
    assert session().scalar(select(func.count()).select_from(Invite)) == 0


def test_staff_see_the_link_with_its_qr_code_on_the_persons_page(
    lins_browser: FlaskClient, origin: int, bo: Person
) -> None:
    code = make_invites(origin, [(bo.id, "", None)], T0)[bo.id]
    session().commit()
    page = lins_browser.get(f"/people/{bo.id}/more").text
    assert f"/i/{code}" in page
    assert "data:image/svg+xml;base64," in page
    svg, png = (lins_browser.get(f"/invites/{code}.{kind}") for kind in ("svg", "png"))
    assert svg.data.startswith(b"<?xml")
    assert png.data.startswith(b"\x89PNG")
    assert lins_browser.get("/invites/22222222ab.svg").status_code == 404


def test_nobody_else_gets_a_qr_code(adas_browser: FlaskClient, origin: int, bo: Person) -> None:
    code = make_invites(origin, [(bo.id, "", None)], T0)[bo.id]
    session().commit()
    assert adas_browser.get(f"/invites/{code}.svg").status_code == 403
