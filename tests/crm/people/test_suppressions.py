from __future__ import annotations

import csv
import io
import os
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from crm.accounts.rules import Role
from crm.core import clock, files
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.journal import JournalEntry
from crm.core.tokens import keyed_hash
from crm.people import tasks
from crm.people.actions import forget, merge, suppress
from crm.people.actions.suppressing import suppress_pairs
from crm.people.actions.suppression_files import key_mark, read_identity, receive
from crm.people.actions.suppression_list import add_one, exported, lift, preview_list
from crm.people.models import Identity, Person, Suppression
from crm.people.queries import addresses, barred_addresses, suppressed, suppressed_pairs
from crm.people.rules import LIFTABLE, SuppressionReason
from tests import make
from tests.cast import SignIn
from tests.make import T0

BO = "bo@prospects.example"


def reasons() -> dict[str, SuppressionReason]:
    session().expire_all()
    return {row.hash: row.reason for row in session().scalars(select(Suppression))}


def of(written: str) -> str:
    return keyed_hash(":".join(read_identity(written)))


def test_somebody_is_looked_up_and_their_reason_shown(bo: Person, lins_browser: FlaskClient) -> None:
    assert "Not on the list" in lins_browser.post("/suppressions/look-up", data={"written": BO}).text
    suppress([bo.id], SuppressionReason.COMPLAINT, T0)
    session().commit()
    page = lins_browser.post("/suppressions/look-up", data={"written": " BO@Prospects.example "}).text
    assert "complained" in page
    assert "This is final" in page
    assert f"/people/{bo.id}" in page
    assert "Take it off" not in page


def test_what_cannot_be_read_is_told_and_kept(lins_browser: FlaskClient) -> None:
    looked = lins_browser.post("/suppressions/look-up", data={"written": "nonsense"})
    assert (looked.status_code, "is no identity" in looked.text, "nonsense" in looked.text) == (422, True, True)
    added = lins_browser.post("/suppressions/add", data={"identity": "no@", "reason": "declined"})
    assert (added.status_code, 'value="no@"' in added.text) == (422, True)


def test_a_refusal_entered_by_staff_holds_for_all_identities(bo: Person, lins_browser: FlaskClient) -> None:
    lins_browser.post("/suppressions/add", data={"identity": BO, "reason": "declined"})
    assert reasons() == {of(BO): SuppressionReason.DECLINED, of("qq:10001"): SuppressionReason.DECLINED}
    entry = session().query(JournalEntry).filter_by(action="suppression.add").one()
    assert (entry.after, entry.about_id, BO in entry.subject) == ({"reason": "declined"}, bo.id, False)


def test_an_address_that_takes_no_mail_is_lifted_with_a_reason(bo: Person, lins_browser: FlaskClient) -> None:
    lins_browser.post("/suppressions/add", data={"identity": BO, "reason": "bounced"})
    assert reasons() == {of(BO): SuppressionReason.BOUNCED}
    assert "Take it off" in lins_browser.post("/suppressions/look-up", data={"written": BO}).text
    assert lins_browser.post("/suppressions/lift", data={"written": BO, "why": " "}).status_code == 422
    assert suppressed([bo.id]) == {bo.id}
    lins_browser.post("/suppressions/lift", data={"written": BO, "why": "mailbox moved"})
    assert reasons() == {}
    assert session().query(JournalEntry).filter_by(action="suppression.lift").one().after == {"why": "mailbox moved"}


@pytest.mark.parametrize("reason", sorted(set(SuppressionReason) - LIFTABLE))
def test_no_other_reason_is_ever_lifted(reason: SuppressionReason, bo: Person, lins_browser: FlaskClient) -> None:
    suppress([bo.id], reason, T0)
    session().commit()
    assert lins_browser.post("/suppressions/lift", data={"written": BO, "why": "please"}).status_code == 409
    with pytest.raises(MoveRefused):
        lift(BO, "please", T0)
    assert suppressed([bo.id]) == {bo.id}


def test_what_is_final_takes_the_place_of_what_is_not_and_never_back(bo: Person) -> None:
    for reason in (SuppressionReason.BOUNCED, SuppressionReason.DECLINED, SuppressionReason.BOUNCED):
        add_one(BO, reason, T0)
    assert reasons()[of(BO)] is SuppressionReason.DECLINED


def test_mail_that_comes_back_bars_that_address_and_no_other_way(bo: Person) -> None:
    add_one(BO, SuppressionReason.BOUNCED, T0)
    assert suppressed([bo.id]) == {bo.id}
    assert suppressed([bo.id], "qq") == set()
    assert suppressed([bo.id], None) == set()
    new = make.person("Rui", identities={"email": "a@prospects.example"})
    session().add(Identity(kind="email", value="z@prospects.example", person_id=new.id))
    session().flush()
    assert addresses([bo.id, new.id], "email") == {bo.id: BO, new.id: "a@prospects.example"}
    add_one("a@prospects.example", SuppressionReason.BOUNCED, T0)
    assert suppressed([new.id]) == set()
    assert addresses([bo.id, new.id], "email") == {bo.id: BO, new.id: "z@prospects.example"}
    old, other = (new.id, "email", "a@prospects.example"), (new.id, "email", "z@prospects.example")
    assert barred_addresses([old, other, (bo.id, "qq", "10001")]) == {old}
    add_one("z@prospects.example", SuppressionReason.BOUNCED, T0)
    assert suppressed([new.id]) == {new.id}


@pytest.mark.parametrize("reason", sorted(set(SuppressionReason) - LIFTABLE))
def test_what_somebody_wants_bars_every_way(reason: SuppressionReason, bo: Person) -> None:
    suppress_pairs([("qq", "10001")], reason, T0)
    add_one(BO, SuppressionReason.BOUNCED, T0)
    assert [suppressed([bo.id], kind) for kind in ("email", "qq", "wechat", None)] == [{bo.id}] * 4
    assert barred_addresses([(bo.id, "wechat", "bo_again")]) == {(bo.id, "wechat", "bo_again")}


def test_the_persons_page_says_why_nobody_writes_to_an_address(bo: Person, lins_browser: FlaskClient) -> None:
    add_one(BO, SuppressionReason.BOUNCED, T0)
    session().commit()
    page = lins_browser.get(f"/people/{bo.id}").text
    assert f"What we write to {BO} comes back" in page
    assert "they asked for it" not in page
    assert "Write to them" in page
    assert "Letters to them come back: invite them in another way" in lins_browser.get(f"/people/{bo.id}/more").text
    add_one(BO, SuppressionReason.COMPLAINT, T0)
    session().commit()
    page = lins_browser.get(f"/people/{bo.id}").text
    assert "they asked for it" in page
    assert "comes back" not in page


def upload(browser: FlaskClient, content: bytes, reason: str = "unsubscribed") -> TestResponse:
    return browser.post("/suppressions/import", data={"file": (io.BytesIO(content), "list.csv"), "reason": reason})


def token_of(page: str) -> str:
    return page.split('name="token" value="')[1].split('"', maxsplit=1)[0]


LIST = (
    "Email,Why\r\nbo@prospects.example,\r\nBO@prospects.example,\r\nwho@elsewhere.example,complaint\r\n"
    "qq:10002,bounced\r\nnonsense,\r\nx@y.example,because\r\nold@list.example,\r\n"
).encode("utf-8-sig")


def test_a_list_is_previewed_and_then_added(bo: Person, lins_browser: FlaskClient) -> None:
    add_one("old@list.example", SuppressionReason.DECLINED, T0)
    session().commit()
    page = upload(lins_browser, LIST)
    assert page.status_code == 200
    assert "nonsense" in page.text
    assert "This reason is not known" in page.text
    told = preview_list(receive(io.BytesIO(LIST)), SuppressionReason.UNSUBSCRIBED)
    assert (told.new, told.known, told.twice, told.refused_count) == (3, 1, 1, 2)
    assert [line for line, _cell, _why in told.refused] == [6, 7]
    assert len(reasons()) == 1
    lins_browser.post("/suppressions/import/add", data={"token": token_of(page.text)})
    assert reasons() == {
        of(BO): SuppressionReason.UNSUBSCRIBED,
        of("qq:10001"): SuppressionReason.UNSUBSCRIBED,
        of("who@elsewhere.example"): SuppressionReason.COMPLAINT,
        of("qq:10002"): SuppressionReason.BOUNCED,
        of("old@list.example"): SuppressionReason.DECLINED,
    }
    entry = session().query(JournalEntry).filter_by(action="suppression.import").one()
    assert entry.after == {"identities": 4, "refused": 2, "reason": "unsubscribed"}
    assert lins_browser.post("/suppressions/import/add", data={"token": token_of(page.text)}).status_code == 404


def test_a_discarded_list_and_a_forgotten_file_are_gone(lins_browser: FlaskClient) -> None:
    page = upload(lins_browser, LIST)
    before = set(files.path_of("suppressions").iterdir())
    lins_browser.post("/suppressions/import/discard", data={"token": token_of(page.text)})
    assert len(before - set(files.path_of("suppressions").iterdir())) == 1
    key = receive(io.BytesIO(LIST))
    tasks.sweep.run()
    assert files.path_of(key).exists()
    long_ago = (clock.now() - timedelta(days=2)).timestamp()
    os.utime(files.path_of(key), (long_ago, long_ago))
    tasks.sweep.run()
    assert not files.path_of(key).exists()


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"\xff\xff\xff"])
def test_a_file_that_is_no_list_is_refused(content: bytes, lins_browser: FlaskClient) -> None:
    page = upload(lins_browser, content)
    assert page.status_code == 422
    assert "CSV" in page.text


def test_a_list_from_a_chinese_spreadsheet_is_read(lins_browser: FlaskClient) -> None:
    assert "forum:小米" in upload(lins_browser, "邮箱\nforum:小米:发烧友\nforum:小米\n".encode("gb18030")).text


def test_a_forged_decision_is_refused(lins_browser: FlaskClient) -> None:
    assert lins_browser.post("/suppressions/import/add", data={"token": "forged"}).status_code == 403


def test_the_export_holds_hashes_and_addresses_only_where_known(
    bo: Person, lin: Person, lins_browser: FlaskClient
) -> None:
    suppress([bo.id], SuppressionReason.DECLINED, T0)
    add_one("who@elsewhere.example", SuppressionReason.BOUNCED, T0)
    session().commit()
    answer = lins_browser.get("/suppressions.csv")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert f"email:{BO}" in answer.text
    assert "who@elsewhere.example" not in answer.text
    assert of("who@elsewhere.example") in answer.text
    forget(bo.id, at=T0, by_id=lin.id)
    assert all(line[3] == "" for line in exported())
    assert len(list(exported())) == 3


Listed = dict[str, tuple[SuppressionReason, datetime]]


def whole_list() -> Listed:
    session().expire_all()
    return {row.hash: (row.reason, row.at) for row in session().scalars(select(Suppression))}


def an_export(bo: Person, lin: Person, browser: FlaskClient) -> tuple[bytes, Listed]:
    """Of a list with every reason, some of it about nobody whom we know; the list is empty afterwards."""
    suppress([bo.id], SuppressionReason.DECLINED, T0)
    for number, reason in enumerate(sorted(set(SuppressionReason) - {SuppressionReason.FORGOTTEN})):
        add_one(f"{number}@elsewhere.example", reason, T0 + timedelta(days=number))
    gone = make.person("Gone", identities={"email": "gone@prospects.example"})
    forget(gone.id, at=T0 + timedelta(days=9), by_id=lin.id)
    session().commit()
    before, content = whole_list(), browser.get("/suppressions.csv").data
    assert {reason for reason, _at in before.values()} == set(SuppressionReason)
    session().execute(delete(Suppression))
    session().commit()
    return content, before


def bring_list(browser: FlaskClient, content: bytes) -> str:
    page = upload(browser, content).text
    if "/suppressions/import/add" in page:
        browser.post("/suppressions/import/add", data={"token": token_of(page)})
    return page


def test_an_export_imported_where_the_key_is_the_same_gives_the_same_list(
    bo: Person, lin: Person, lins_browser: FlaskClient
) -> None:
    content, before = an_export(bo, lin, lins_browser)
    page = bring_list(lins_browser, content)
    assert "The first refused rows" not in page
    assert whole_list() == before
    assert "forgotten" in page
    bring_list(lins_browser, content)
    assert whole_list() == before


def test_an_export_in_another_order_of_columns_or_with_a_lost_moment_still_bars(
    bo: Person, lin: Person, lins_browser: FlaskClient
) -> None:
    rows = list(csv.DictReader(io.StringIO(an_export(bo, lin, lins_browser)[0].decode())))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["key", "identity", "reason", "hash", "at"])
    writer.writeheader()
    writer.writerows({**row, "at": "03.08.26", "reason": ""} for row in rows)
    bring_list(lins_browser, text.getvalue().encode())
    assert set(reasons()) == {row["hash"] for row in rows}
    assert set(reasons().values()) == {SuppressionReason.UNSUBSCRIBED}


def test_hashes_under_another_key_are_refused_and_readable_rows_are_not(
    bo: Person, lin: Person, lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, before = an_export(bo, lin, lins_browser)
    own = key_mark()
    monkeypatch.setitem(lins_browser.application.config, "SUPPRESSION_KEY", "the key of quite another installation")
    assert key_mark() != own
    page = bring_list(lins_browser, content)
    assert f"{len(before) - 2} rows are hashes of another installation" in page
    assert "under another SUPPRESSION_KEY" in page
    assert reasons() == {of(BO): SuppressionReason.DECLINED, of("qq:10001"): SuppressionReason.DECLINED}
    assert not set(reasons()) & set(before)


def test_an_export_that_names_no_key_is_read_by_its_identities(bo: Person, lins_browser: FlaskClient) -> None:
    content = f"hash,reason,at,identity\n{of(BO)},bounced,,email:{BO}\n{of('x@y.example')},bounced,,\n"
    page = bring_list(lins_browser, content.encode())
    assert "does not say under which SUPPRESSION_KEY" in page
    assert reasons() == {of(BO): SuppressionReason.BOUNCED}


def test_an_imported_refusal_takes_the_place_of_a_bounce(lins_browser: FlaskClient) -> None:
    add_one(BO, SuppressionReason.BOUNCED, T0)
    session().commit()
    content = (
        f"hash,reason,at,identity,key\n{of(BO)},complaint,{T0.isoformat()},,{key_mark()}\nno hash,,,,{key_mark()}\n"
    )
    assert "This is no hash of an exported list." in bring_list(lins_browser, content.encode())
    assert reasons() == {of(BO): SuppressionReason.COMPLAINT}


def test_the_list_survives_erasure_merge_and_coming_back(bo: Person, lin: Person) -> None:
    add_one(BO, SuppressionReason.DECLINED, T0)
    keep = make.person("Bob", identities={"email": "bob@prospects.example"})
    merge(keep.id, bo.id, at=T0)
    assert suppressed([keep.id]) == {keep.id}
    forget(keep.id, at=T0, by_id=lin.id)
    again = make.person("Bo", identities={"email": BO})
    assert suppressed([again.id]) == {again.id}
    assert suppressed_pairs([("qq", "10001")])
    assert reasons()[of(BO)] is SuppressionReason.DECLINED


def test_the_list_is_for_those_who_keep_people(sign_in: SignIn, lin: Person) -> None:
    assert sign_in(make.staff("Rui", Role.RELEASE)).get("/suppressions").status_code == 403
    assert sign_in(make.staff("Chen", Role.COMMUNITY)).get("/suppressions").status_code == 200
