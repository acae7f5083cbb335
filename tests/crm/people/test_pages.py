"""The room's pages, as staff use them."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from crm.accounts.actions import add_staff, send_link
from crm.accounts.rules import LinkKind, Role
from crm.core import files, jobs, programme
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.outbox.models import Letter
from crm.people.actions import add_identity, add_person, forget, importing, tag
from crm.people.models import Identity, MergeProposal, Note, PeopleImport, Person, PersonTag, Source
from crm.people.queries import ids_by_identities
from crm.people.rules import ImportState
from tests import make
from tests.cast import SignIn
from tests.crm.people.conftest import Bring

MAPPED = {
    "column_0": "name", "column_1": "email", "site": "gfan", "basis": "public profile", "encoding": "gb18030",
    "role": "", "found_at": "",
}  # fmt: skip


def upload(browser: FlaskClient, content: bytes) -> int:
    answer = browser.post("/people/imports/new", data={"file": (io.BytesIO(content), "名单.csv")})
    assert answer.status_code == 302, answer.text
    return int(answer.location.split("/")[-2])


def test_a_gbk_list_comes_in_from_upload_to_refused_rows_and_is_undone(lins_browser: FlaskClient) -> None:
    content = "姓名,邮箱\n王小明,w@x.org\n李雷,no mail\n韩梅梅,h@x.org\n".encode("gbk")
    number = upload(lins_browser, content)
    page = lins_browser.get(f"/people/imports/{number}/columns")
    assert "王小明 · 李雷 · 韩梅梅" in page.text
    assert "GB18030" in page.text
    answer = lins_browser.post(f"/people/imports/{number}/columns", data=MAPPED)
    assert answer.location.endswith(f"/people/imports/{number}/preview"), answer.text
    page = lins_browser.get(answer.location)
    assert "王小明" in page.text
    assert "no mail" in page.text
    assert session().scalar(select(func.count()).select_from(Identity).where(Identity.value == "w@x.org")) == 0
    assert lins_browser.post(f"/people/imports/{number}/start").status_code == 302
    page = lins_browser.get(f"/people/imports/{number}")
    assert "<progress" in page.text
    assert "HX-Refresh" not in lins_browser.get(f"/people/imports/{number}/progress").headers
    jobs.run_due.run()
    page = lins_browser.get(f"/people/imports/{number}")
    assert "refused.csv" in page.text
    assert lins_browser.get(f"/people/imports/{number}/progress").headers["HX-Refresh"] == "true"
    refused = lins_browser.get(f"/people/imports/{number}/refused.csv")
    assert "李雷" in refused.data.decode("utf-8-sig")
    assert lins_browser.get("/people/imports").status_code == 200
    kept = ids_by_identities([("email", "h@x.org")])["email", "h@x.org"]
    tag([kept], "vip")
    session().commit()
    assert lins_browser.post(f"/people/imports/{number}/undo").status_code == 302
    jobs.run_due.run()
    page = lins_browser.get(f"/people/imports/{number}")
    assert "韩梅梅" in page.text
    assert "王小明" not in page.text


def test_a_wrong_file_is_refused_on_the_page(lins_browser: FlaskClient) -> None:
    answer = lins_browser.post(
        "/people/imports/new", data={"file": (io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(99)), "p.png")}
    )
    assert answer.status_code == 422
    assert "PNG" in answer.text
    assert lins_browser.post("/people/imports/new", data={}).status_code == 422


def test_an_upload_that_gets_no_row_leaves_no_file(lins_browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError("the disk is full")

    folder = files.path_of("imports")
    before = set(folder.iterdir()) if folder.exists() else set()
    monkeypatch.setattr(importing, "add_import", fail)
    with pytest.raises(OSError, match="the disk is full"):
        lins_browser.post("/people/imports/new", data={"file": (io.BytesIO(b"mail\na@x.org\n"), "p.csv")})
    assert set(folder.iterdir()) == before


def test_an_import_without_an_identity_column_says_so(lins_browser: FlaskClient) -> None:
    number = upload(lins_browser, b"Name,Mail\nAda,ada@x.org\n")
    answer = lins_browser.post(f"/people/imports/{number}/columns", data=MAPPED | {"column_1": "", "encoding": "utf-8"})
    assert answer.status_code == 422
    assert lins_browser.post(f"/people/imports/{number}/start").status_code == 409


def test_another_encoding_is_tried_and_an_upload_thrown_away(lins_browser: FlaskClient) -> None:
    number = upload(lins_browser, "Name,Mail\nJürgen,j@x.org\n".encode("latin-1"))
    answer = lins_browser.post(f"/people/imports/{number}/columns", data=MAPPED | {"encoding": "windows-1252"})
    assert answer.location.endswith("/columns")
    assert "WINDOWS-1252" in lins_browser.get(answer.location).text
    assert lins_browser.post(f"/people/imports/{number}/discard").status_code == 302
    session().expire_all()
    assert session().get(PeopleImport, number) is None


def test_a_running_import_is_cancelled(lins_browser: FlaskClient) -> None:
    number = upload(lins_browser, b"Name,Mail\nAda,ada@x.org\n")
    lins_browser.post(f"/people/imports/{number}/columns", data=MAPPED | {"encoding": "utf-8"})
    lins_browser.post(f"/people/imports/{number}/start")
    assert lins_browser.post(f"/people/imports/{number}/cancel").status_code == 302
    session().expire_all()
    assert session().get_one(PeopleImport, number).state is ImportState.CANCELLED
    assert lins_browser.get(f"/people/imports/{number}").status_code == 200
    assert jobs.run_due.run() == 0


def test_an_import_whose_job_failed_goes_on(lins_browser: FlaskClient) -> None:
    number = upload(lins_browser, b"Name,Mail\nAda,ada@x.org\n")
    lins_browser.post(f"/people/imports/{number}/columns", data=MAPPED | {"encoding": "utf-8"})
    lins_browser.post(f"/people/imports/{number}/start")
    session().expire_all()
    job = session().get_one(jobs.Job, session().get_one(PeopleImport, number).job_id)
    job.state, job.error = jobs.JobState.FAILED, "disk full"
    session().commit()
    assert "disk full" in lins_browser.get(f"/people/imports/{number}").text
    assert lins_browser.post(f"/people/imports/{number}/go-on").status_code == 302
    jobs.run_due.run()
    session().expire_all()
    assert session().get_one(PeopleImport, number).state is ImportState.DONE


def test_a_person_is_entered_by_hand_with_source_and_basis(lins_browser: FlaskClient) -> None:
    assert lins_browser.get("/people/new").status_code == 200
    data = {"name": "Bo", "identity_kind": "forum", "forum": "gfan", "identity_value": "Bo1", "site": "gfan",
            "basis": "asked us", "role": "expert", "language": ""}  # fmt: skip
    assert lins_browser.post("/people/new", data=data).status_code == 302
    person = ids_by_identities([("forum:gfan", "bo1")])["forum:gfan", "bo1"]
    assert session().scalars(select(Source.basis).where(Source.person_id == person)).one() == "asked us"
    again = lins_browser.post("/people/new", data=data)
    assert again.status_code == 200
    assert f"person {person}" in again.text
    assert lins_browser.post("/people/new", data=data | {"forum": ""}).status_code == 200


def test_a_person_is_edited_with_identities_tags_and_notes(lins_browser: FlaskClient, bo: Person, lin: Person) -> None:
    base = f"/people/{bo.id}"
    data = {"name": "Bo Li", "language": "zh", "zone": "Asia/Shanghai", "owner_id": str(lin.id)}
    assert lins_browser.post(f"{base}/edit", data=data).status_code == 302
    for wrong in ({"zone": "Mars/Base"}, {"owner_id": str(bo.id)}):
        assert lins_browser.post(f"{base}/edit", data=data | wrong).status_code == 200
    lins_browser.post(f"{base}/identities", data={"identity_kind": "github", "identity_value": "@BoLi"})
    taken = {"identity_kind": "qq", "identity_value": "nonsense"}
    assert lins_browser.post(f"{base}/identities", data=taken).status_code == 422
    lins_browser.post(f"{base}/identities/remove", data={"kind": "qq", "value": "10001"})
    lins_browser.post(f"{base}/tags", data={"tag": "vip"})
    assert lins_browser.post(f"{base}/tags", data={"tag": ""}).status_code == 422
    assert "vip" in lins_browser.get(f"{base}/edit").text
    lins_browser.post(f"{base}/tags/remove", data={"tag": "vip"})
    lins_browser.post(f"{base}/note", data={"body": "called"})
    session().expire_all()
    assert (bo.name, bo.owner_id) == ("Bo Li", lin.id)
    assert {one.written for one in bo.identities} == {"email:bo@prospects.example", "github:boli"}
    note = session().scalars(select(Note)).one()
    assert "called" in lins_browser.get(base).text
    lins_browser.post(f"{base}/notes/{note.id}/remove")
    assert session().scalar(select(func.count()).select_from(Note)) == 0


def test_many_are_tagged_and_given_an_owner(
    lins_browser: FlaskClient, bo: Person, mallory: Person, lin: Person
) -> None:
    chosen = {"person": [str(bo.id), str(mallory.id)], "next": "/people?q=o"}
    answer = lins_browser.post("/people/tag", data=chosen | {"tag": "vip"})
    assert answer.location == "/people?q=o"
    lins_browser.post("/people/assign", data=chosen | {"owner_id": str(lin.id)})
    lins_browser.post("/people/tag", data={"tag": "nobody chosen"})
    lins_browser.post("/people/assign", data=chosen | {"owner_id": str(bo.id)})
    session().expire_all()
    assert session().scalar(select(func.count()).select_from(PersonTag)) == 2
    assert (bo.owner_id, mallory.owner_id) == (lin.id, lin.id)


def test_proposals_are_decided(lins_browser: FlaskClient, bring: Bring, bo: Person) -> None:
    other = make.person("Other", identities={"email": "other@x.org"})
    bring("name,mail,qq\nBo,other@x.org,10001\n")
    session().commit()
    page = lins_browser.get("/people/proposals")
    assert "bo@prospects.example" in page.text
    proposal = session().scalars(select(MergeProposal)).one().id
    assert lins_browser.get("/").status_code == 200
    assert lins_browser.post(f"/people/proposals/{proposal}/reject").status_code == 302
    assert lins_browser.post(f"/people/proposals/{proposal}/merge", data={"keep": bo.id}).status_code == 409
    assert other.id


def test_two_people_are_merged_and_parted_on_pages(lins_browser: FlaskClient, bo: Person, mallory: Person) -> None:
    page = lins_browser.get(f"/people/{bo.id}/merge?q=mallo")
    assert "Mallory" in page.text
    answer = lins_browser.post(f"/people/{bo.id}/merge", data={"keep": bo.id, "lose": mallory.id})
    assert answer.location.endswith(f"/people/{bo.id}")
    page = lins_browser.get(f"/people/{bo.id}")
    number = page.text.split("/people/merges/")[1].split("/")[0]
    answer = lins_browser.post(f"/people/merges/{number}/undo")
    assert answer.location.endswith(f"/people/{mallory.id}")


def test_an_export_is_downloaded_by_staff_and_by_the_person(lins_browser: FlaskClient, bo: Person) -> None:
    for address in (f"/people/{bo.id}/export", "/my-data.zip"):
        answer = lins_browser.get(address)
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            found = json.loads(archive.read(archive.namelist()[0]))
        assert found["person"]["name"] in ("Bo", "Lin")
        assert "no-store" in answer.headers["Cache-Control"]


def test_forgetting_asks_for_the_number_first(lins_browser: FlaskClient, bo: Person) -> None:
    base = f"/people/{bo.id}/forget"
    assert str(bo.id) in lins_browser.get(base).text
    assert lins_browser.post(base, data={"sure": "1x"}).status_code == 422
    assert lins_browser.post(base, data={"sure": str(bo.id)}).status_code == 302
    assert lins_browser.get(f"/people/{bo.id}").status_code == 404


@pytest.mark.parametrize("address", ["/people/new", "/people/imports", "/people/imports/new", "/people/proposals"])
def test_the_pages_speak_chinese_and_are_closed_to_testers(
    lins_browser: FlaskClient, adas_browser: FlaskClient, address: str
) -> None:
    page = lins_browser.get(address, headers={"Accept-Language": "zh"})
    assert 'lang="zh-Hans"' in page.text
    assert any(word in page.text for word in ("在哪里找到此人", "导入", "一个人还是两个人"))
    assert adas_browser.get(address).status_code == 403


def test_whatever_staff_do_to_a_person_is_in_the_journal(lins_browser: FlaskClient, bo: Person, lin: Person) -> None:
    session().commit()
    page = f"/people/{bo.id}"
    lins_browser.post(f"{page}/note", data={"body": "Met at the fair"})
    lins_browser.post(f"{page}/tags", data={"tag": "core"})
    lins_browser.post(f"{page}/tags/remove", data={"tag": "core"})
    lins_browser.post("/people/tag", data={"person": [bo.id], "tag": "fair"})
    lins_browser.post("/people/assign", data={"person": [bo.id], "owner_id": lin.id})
    what = {"what": "in:replied", "channel": "email", "body": "Hello"}
    assert lins_browser.post(f"{page}/touches/new", data=what).status_code == 302
    columns = (JournalEntry.action, JournalEntry.before, JournalEntry.after)
    told = [tuple(row) for row in session().execute(select(*columns).order_by(JournalEntry.id))][-6:]
    assert [row[0] for row in told] == [
        "people.add_note", "people.tag", "people.tag", "people.tag", "people.assign", "outbox.record_touch",
    ]  # fmt: skip
    assert told[1][2] == {"tag": "core"}
    assert told[2][1] == {"tag": "core"}
    assert told[3][1:] == ({"tag": None}, {"tag": "fair"})
    assert told[4][1:] == ({"owner_id": None}, {"owner_id": lin.id})
    note = session().scalars(select(Note.id)).one()
    lins_browser.post(f"{page}/notes/{note}/remove")
    removed = session().scalars(select(JournalEntry).where(JournalEntry.action == "people.remove_note")).one()
    assert removed.before == {"note": "Met at the fair", "author_id": lin.id}


def test_each_of_many_finds_their_own_entry_in_the_journal(
    lins_browser: FlaskClient, bo: Person, mallory: Person, lin: Person
) -> None:
    tag([mallory.id], "fair")
    mallory.owner_id = lin.id
    third = make.person("Third", owner_id=bo.id)
    merged = make.person("Merged", merged_into_id=bo.id)
    session().commit()
    chosen = [str(one.id) for one in (bo, mallory, third, merged)]
    lins_browser.post("/people/tag", data={"person": chosen, "tag": "fair"})
    lins_browser.post("/people/assign", data={"person": chosen, "owner_id": lin.id})
    columns = (JournalEntry.action, JournalEntry.subject, JournalEntry.about_id, JournalEntry.actor_id)
    rows = session().execute(select(*columns, JournalEntry.before, JournalEntry.after).order_by(JournalEntry.id))
    assert [tuple(row) for row in rows] == [
        ("people.tag", f"person:{bo.id}", bo.id, lin.id, {"tag": None}, {"tag": "fair"}),
        ("people.tag", f"person:{third.id}", third.id, lin.id, {"tag": None}, {"tag": "fair"}),
        ("people.assign", f"person:{bo.id}", bo.id, lin.id, {"owner_id": None}, {"owner_id": lin.id}),
        ("people.assign", f"person:{third.id}", third.id, lin.id, {"owner_id": bo.id}, {"owner_id": lin.id}),
    ]
    assert "tagged people" in lins_browser.get(f"/settings/journal?subject=person:{third.id}").text


def test_what_staff_do_with_an_import_is_in_the_journal(lins_browser: FlaskClient) -> None:
    number = upload(lins_browser, b"Name,Mail\nAda,ada@x.org\n")
    page = f"/people/imports/{number}"
    lins_browser.post(f"{page}/columns", data=MAPPED | {"encoding": "utf-8"})
    lins_browser.post(f"{page}/start")
    session().expire_all()
    job = session().get_one(jobs.Job, session().get_one(PeopleImport, number).job_id)
    job.state, job.error = jobs.JobState.FAILED, "disk full"
    session().commit()
    lins_browser.post(f"{page}/go-on")
    lins_browser.post(f"{page}/cancel")
    lins_browser.post(f"{page}/undo")
    columns = (JournalEntry.action, JournalEntry.before, JournalEntry.after)
    rows = session().execute(select(*columns).where(JournalEntry.subject == f"people_import:{number}"))
    told = {row[0]: (row[1], row[2]) for row in rows}
    assert told["people.go_on_import"] == ({"state": "failed"}, {"state": "waiting"})
    assert told["people.cancel_import"] == ({"state": "running"}, {"state": "cancelled"})
    assert told["people.undo_import"] == ({"state": "cancelled"}, {"state": "undone"})
    assert "stopped an import" in lins_browser.get("/settings/journal").text


def test_somebody_forgotten_who_comes_again_is_shown_as_left_alone(lins_browser: FlaskClient, bo: Person) -> None:
    at = programme.moment()
    forget(bo.id, at=at)
    again = add_person("Bo", [("email", "bo@prospects.example")], at=at)
    session().commit()
    page = lins_browser.get(f"/people/{again.id}").text
    assert "left alone" in page
    assert f"/people/{again.id}/touches/new" not in page


def test_a_member_of_staff_is_neither_forgotten_nor_exported_by_who_is_no_admin(
    sign_in: SignIn, database: Flask, lin: Person
) -> None:
    chen = add_staff("Chen", "chen@orange.example", [Role.COMMUNITY], at=programme.moment())
    client = sign_in(chen)
    page = f"/people/{lin.id}"
    assert client.get(f"{page}/forget").status_code == 409
    assert client.post(f"{page}/forget", data={"sure": lin.id}).status_code == 409
    assert client.get(f"{page}/export").status_code == 403
    told = database.test_cli_runner().invoke(args=["people", "forget", str(lin.id), "--yes"])
    assert told.exit_code == 1
    assert "is staff" in told.output


def test_a_copy_of_somebodys_data_holds_no_link_that_signs_in(lins_browser: FlaskClient, ada: Person) -> None:
    make_sign_in_letter = send_link(LinkKind.SIGN_IN, ada.id, ada.shown, at=programme.moment())
    session().commit()
    assert make_sign_in_letter is not None
    answer = lins_browser.get(f"/people/{ada.id}/export")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        told = json.loads(archive.read(f"person-{ada.id}.json"))
    assert told["rooms"]["outbox"]["letter"]
    assert "/sign-in/" not in json.dumps(told)


def test_a_new_password_goes_only_where_a_member_of_staff_signs_in(client: FlaskClient, lin: Person) -> None:
    """Not to an address which an import, or a colleague, put beside it."""
    add_identity(lin.id, "email", "zz@mallory.example", at=programme.moment())
    session().commit()
    client.post("/lost-password", data={"mail": "zz@mallory.example"})
    letters = session().scalars(select(Letter.identity_value).where(Letter.person_id == lin.id)).all()
    assert letters == ["lin@orange.example"]
