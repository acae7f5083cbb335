"""Importing people: matching, refusing, resuming, proposing, undoing."""

from __future__ import annotations

import io
import os
import random
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import xlsxwriter
from flask import Flask
from sqlalchemy import func, select

from crm.core import clock, files
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.programme import Programme
from crm.people.actions import add_note, importing, suppress, tag
from crm.people.actions.importing import running, undoing
from crm.people.actions.importing.refusals import lines
from crm.people.models import Identity, ImportedPerson, MergeProposal, Note, PeopleImport, Person, Source, Tag
from crm.people.queries import ids_by_identities, suppressed
from crm.people.rules import ImportState, SiteRole, SuppressionReason
from crm.people.tasks import sweep
from tests import make
from tests.crm.people.conftest import Bring, work
from tests.make import T0

NAMES = "姓名,邮箱,QQ,论坛账号,版块,角色,标签,备注,首次发现"


def counts(bringer: PeopleImport) -> tuple[int, int, int, int, int]:
    found = importing.counts(bringer)
    return found["read"], found["new"], found["known"], found["merge_proposals"], found["refused"]


def refused_lines(bringer: PeopleImport) -> list[int]:
    assert bringer.refused_key is not None
    text = b"".join(lines(files.path_of(bringer.refused_key))).decode("utf-8-sig")
    return [int(line.split(",")[0]) for line in text.splitlines()[1:] if line.split(",")[0].isdigit()]


def partition() -> set[frozenset[str]]:
    """Who is one person, by identities."""
    groups: dict[int, set[str]] = {}
    for identity in session().scalars(select(Identity)):
        groups.setdefault(identity.person_id, set()).add(identity.written)
    return {frozenset(one) for one in groups.values()}


def test_everything_a_row_says_arrives(bring: Bring) -> None:
    bringer = bring(
        NAMES + '\n王小明,Wang@Example.org,10001,小明,HTC,版主,"vip,老用户",你好,2010-08-01 12:00\n', board="x"
    )
    person = session().scalars(select(Person).where(Person.name == "王小明")).one()
    assert {one.written for one in person.identities} == {"email:wang@example.org", "qq:10001", "forum:gfan:小明"}
    source = session().scalars(select(Source)).one()
    assert (source.site, source.board, source.role, source.basis) == (
        "gfan",
        "HTC",
        SiteRole.MODERATOR,
        "public profile",
    )
    assert source.found_at.isoformat() == "2010-08-01T04:00:00+00:00"
    assert set(session().scalars(select(Tag.name))) == {"vip", "老用户"}
    assert session().scalars(select(Note.body)).one() == "你好"
    assert counts(bringer) == (1, 1, 0, 0, 0)
    assert bringer.state is ImportState.DONE
    assert bringer.stored_key is None


def test_any_identity_matches_within_the_file_and_with_people_known(bring: Bring, bo: Person) -> None:
    bringer = bring("name,mail,qq\nA,a@x.org,\nA2,,20002\nA3,A@X.ORG,20002\nBo again,bo@prospects.example,30003\n")
    assert counts(bringer) == (4, 1, 3, 0, 0)
    assert ids_by_identities([("qq", "30003")]) == {("qq", "30003"): bo.id}
    assert len(set(ids_by_identities([("qq", "20002"), ("email", "a@x.org")]).values())) == 1


@pytest.mark.parametrize("size", [1, 5000])
def test_the_names_of_those_whom_a_row_makes_one_stay_in_a_note(bring: Bring, size: int) -> None:
    bring("name,mail,qq\nFour,four@x.org,10004\nFive,five@x.org,10005\nBoth,four@x.org,10005\n", size=size)
    four = session().scalars(select(Person).where(Person.name == "Four")).one()
    assert session().execute(select(Note.person_id, Note.body)).all() == [
        (four.id, "The file also calls them: Five, Both")
    ]


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_the_same_people_come_out_whatever_the_size_of_a_chunk(bring: Bring, bo: Person, size: int) -> None:
    dice = random.Random(2010)
    rows = []
    for _ in range(300):
        mail = f"m{dice.randrange(220)}@x.org" if dice.random() < 0.8 else ""
        qq = str(10000 + dice.randrange(220)) if dice.random() < 0.5 or not mail else ""
        rows.append(f"n,{mail},{qq}")
    bringer = bring("name,mail,qq\n" + "\n".join(rows), size=size)
    found = (counts(bringer), len(partition()), hash(frozenset(partition())))
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for row in [*rows, "bo,bo@prospects.example,10001"]:
        _name, mail, qq = row.split(",")
        keys = [f"email:{mail}"] * bool(mail) + [f"qq:{qq}"] * bool(qq)
        for key in keys:
            parent[root(key)] = root(keys[0])
    groups: dict[str, set[str]] = {}
    for key in list(parent):
        groups.setdefault(root(key), set()).add(key)
    expected = {frozenset(group) for group in groups.values()}
    assert partition() == expected
    assert found[0] == (300, len(expected) - 1, 300 - len(expected) + 1, 0, 0)


def test_two_known_people_joined_by_a_row_are_a_proposal_made_once(bring: Bring, bo: Person) -> None:
    other = make.person("Other", identities={"email": "other@x.org"})
    content = "name,mail,qq\nBo,other@x.org,10001\n"
    assert counts(bring(content)) == (1, 0, 1, 1, 0)
    assert counts(bring(content)) == (1, 0, 1, 0, 0)
    proposal = session().scalars(select(MergeProposal)).one()
    assert {proposal.first_id, proposal.second_id} == {bo.id, other.id}
    assert session().get_one(Person, other.id).merged_into_id is None


def test_bad_rows_are_refused_with_their_line_and_all_others_arrive(bring: Bring) -> None:
    long_cell = "x" * 10_000_000
    content = b"\n".join(
        (
            b"name,mail",
            "好1,g1@x.org".encode(),
            b"nul\x00,n@x.org",
            b"bad mail,nobody",
            b"none,",
            b"too,many,cells@x.org",
            b"few",
            b'"stray,s@x.org',
            "好2,g2@x.org".encode(),
            b"=1+1,f@x.org",
            b"\xff\xfe,e@x.org",
            long_cell.encode() + b",l@x.org",
            b"",
            b'"two\nlines",t@x.org',
            b'"quoted, well",q@x.org',
            b"=,lone@x.org",
        )
    )
    bringer = bring(content)
    assert refused_lines(bringer) == [3, 4, 5, 6, 7, 8, 10, 11, 12, 14]
    assert counts(bringer) == (14, 4, 0, 0, 10)
    assert set(session().scalars(select(Person.name))) >= {"好1", "好2", "quoted, well", "="}


def test_a_stray_quote_does_not_swallow_the_rows_up_to_the_next_one(bring: Bring) -> None:
    bringer = bring('name,mail\n"stray,a@x.org\nb,b@x.org\nc,c@x.org\nd",d@x.org\ne,e@x.org\n')
    assert refused_lines(bringer)[0] == 2
    assert {"b", "c", "e"} <= set(session().scalars(select(Person.name)))


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"),
     ("utf-16", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encoding_and_delimiter_are_found(bring: Bring, encoding: str, shown: str, delimiter: str) -> None:
    text = "姓名,邮箱\r\n王小明,w@x.org\r\n欧阳娜娜,o@x.org\r\n李雷,l@x.org\r\n".replace(",", delimiter)
    bringer = bring(text.encode(encoding))
    assert bringer.encoding == shown
    assert set(session().scalars(select(Person.name))) == {"王小明", "欧阳娜娜", "李雷"}


def test_a_broken_byte_does_not_turn_utf8_into_something_else(bring: Bring) -> None:
    rows = "".join(f"王{n},w{n}@x.org\n" for n in range(100)).encode()
    bringer = bring("姓名,邮箱\n".encode() + rows + b"\xe7\x8e,broken@x.org\n")
    assert bringer.encoding == "utf-8"
    assert counts(bringer) == (101, 100, 0, 0, 1)


def workbook(path: Path) -> bytes:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["姓名", "QQ", "备注"])
    sheet.write_row(1, 0, ["王小明", 10001.0, "两\n行"])
    sheet.write_row(2, 0, ["公式", 20002.0])
    sheet.write_formula(2, 0, '="a"&"b"', None, "ab")
    book.close()
    return path.read_bytes()


def test_a_workbook_arrives_and_a_formula_in_it_is_refused(bring: Bring, tmp_path: Path) -> None:
    bringer = bring(workbook(tmp_path / "people.xlsx"), name="people.xlsx")
    assert bringer.encoding == "xlsx"
    assert counts(bringer) == (2, 1, 0, 0, 1)
    assert refused_lines(bringer) == [3]
    assert ids_by_identities([("qq", "10001")])
    assert session().scalars(select(Note.body)).one() == "两\n行"


def reordered(path: Path) -> bytes:
    """As when somebody drags the second sheet to the front: the files keep their numbers."""
    book = xlsxwriter.Workbook(path)
    last, first = book.add_worksheet("last"), book.add_worksheet("first")
    last.write_row(0, 0, ["姓名", "QQ"])
    last.write_row(1, 0, ["别处", 30003.0])
    last.write_formula(2, 0, '="a"&"b"', None, "ab")
    first.write_row(3, 2, ["姓名", "QQ"])
    first.write_formula(4, 2, '="a"&"b"', None, "ab")
    first.write(4, 3, 20002.0)
    first.write_row(5, 2, ["王小明", 10001.0])
    book.close()
    turned = path.with_name("turned.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(turned, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/workbook.xml":
                sheets = re.findall(rb"<sheet [^>]*/>", content)
                content = content.replace(b"".join(sheets), b"".join(reversed(sheets)))
            if name == "xl/_rels/workbook.xml.rels":
                content = content.replace(b'"worksheets/sheet2', b'"/xl/worksheets/sheet2')
            new.writestr(name, content)
    return turned.read_bytes()


def test_formulas_are_looked_for_in_the_sheet_that_is_read(bring: Bring, tmp_path: Path) -> None:
    bringer = bring(reordered(tmp_path / "people.xlsx"), name="people.xlsx")
    assert counts(bringer) == (2, 1, 0, 0, 1)
    assert session().scalars(select(Person.name)).all() == ["王小明"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\x89PNG\r\n\x1a\n" + bytes(200), b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(600), b"%PDF-1.4\n",
     b"PK\x03\x04 no workbook", b"<html><body>", bytes(range(256)) * 40],
)  # fmt: skip
def test_a_file_of_the_wrong_type_is_refused_and_not_kept(programme: object, content: bytes) -> None:
    folder = files.path_of("imports")
    before = set(folder.iterdir()) if folder.exists() else set()
    with pytest.raises(NotUnderstood):
        importing.upload(io.BytesIO(content), "people.csv", at=clock.now())
    assert set(folder.iterdir()) == before


def test_columns_are_mapped_by_hand_and_nonsense_is_refused(bring: Bring) -> None:
    bring("who,where\nAda,ada@x.org\n", mapping={"who": "name", "2": "email"})
    assert session().scalars(select(Person.name)).one() == "Ada"
    for mapping in ({"nowhere": "name"}, {"who": "shoe size"}, {"who": "name", "where": ""}):
        with pytest.raises(NotUnderstood):
            bring("who,where\nAda,ada@x.org\n", mapping=mapping)


def test_source_and_basis_are_asked_for(bring: Bring) -> None:
    for more in ({"site": " "}, {"basis": ""}):
        with pytest.raises(NotUnderstood):
            bring("mail\na@x.org\n", **more)


def test_a_step_that_was_not_committed_is_done_again_without_loss_or_double(bring: Bring) -> None:
    rows = "".join(f"n{n},{'bad' if n % 5 == 0 else f'm{n}@x.org'}\n" for n in range(50))
    bringer = importing.upload(io.BytesIO(f"name,mail\n{rows}".encode()), "p.csv", at=clock.now())
    importing.describe(bringer.id, site="gfan", basis="public")
    job = importing.start(bringer.id, at=clock.now())
    running.step(job, clock.now(), size=7)
    with session().begin_nested() as crash:
        running.step(job, clock.now(), size=7)
        crash.rollback()
    session().expire_all()
    work(job, 7)
    assert counts(bringer) == (50, 40, 0, 0, 10)
    assert refused_lines(bringer) == [2 + n for n in range(0, 50, 5)]
    assert session().scalar(select(func.count()).select_from(Person)) == 40


def test_the_preview_tells_what_the_import_will_do_and_writes_nothing(bring: Bring, bo: Person) -> None:
    make.person("Other", identities={"email": "other@x.org"})
    content = "name,mail,qq\nNew,n@x.org,\nNew,,20002\nNew,n@x.org,20002\nBo,,10001\nTwo,other@x.org,10001\nBad,bad,\n"
    tried = importing.upload(io.BytesIO(content.encode()), "p.csv", at=clock.now())
    importing.describe(tried.id, site="gfan", basis="public")
    told = importing.preview(tried.id)
    assert session().scalar(select(func.count()).select_from(Person)) == 2
    assert told["counts"] == importing.counts(bring(content))
    assert told["counts"] == {"read": 6, "new": 1, "known": 4, "merge_proposals": 1, "refused": 1}
    assert told["rows"][3]["known_as"] == "Bo"
    assert told["refusals"][0]["line"] == 7


def test_somebody_on_the_suppression_list_arrives_and_stays_on_it(bring: Bring, bo: Person) -> None:
    suppress([bo.id], SuppressionReason.DECLINED, clock.now())
    session().delete(bo)
    session().flush()
    bringer = bring("name,qq\nBo,10001\nNew,20002\n")
    again = ids_by_identities([("qq", "10001")])["qq", "10001"]
    assert bringer.suppressed == 1
    assert suppressed([again]) == {again}


def test_undo_removes_whom_nothing_has_touched_and_keeps_the_others(bring: Bring, bo: Person, lin: Person) -> None:
    bringer = bring("name,mail,qq,tags\nA,a@x.org,,t\nB,b@x.org,,\nBo,bo2@x.org,10001,t\n")
    kept = ids_by_identities([("email", "b@x.org")])["email", "b@x.org"]
    tag([kept], "by hand")
    job = importing.undo(bringer.id, at=clock.now())
    assert undoing.step(job, clock.now()) is False
    assert job.result == {"removed": 1, "kept": 1}
    session().expire_all()
    assert ids_by_identities([("email", "a@x.org"), ("email", "bo2@x.org"), ("qq", "10001")]) == {
        ("qq", "10001"): bo.id
    }
    left = session().scalars(select(ImportedPerson.person_id).where(ImportedPerson.import_id == bringer.id))
    assert set(left) == {kept}
    with pytest.raises(MoveRefused):
        importing.undo(bringer.id, at=clock.now())


def test_undo_takes_back_the_notes_of_its_own_import_only(programme: Programme, bring: Bring, bo: Person) -> None:
    """A held programme stands still: all its imports come at one moment."""
    programme.held_at = T0
    session().flush()
    first = bring("qq,note\n10001,from the first list\n", at=T0)
    second = bring("name,qq,note\nBo,10001,from the second\nCai,20002,hers\n", at=T0)
    add_note(bo.id, "by hand", at=T0)
    cai = ids_by_identities([("qq", "20002")])["qq", "20002"]
    add_note(cai, "by hand, without an author", at=T0)
    job = importing.undo(second.id, at=T0)
    undoing.step(job, T0)
    assert set(session().scalars(select(Note.body).where(Note.person_id == bo.id))) == {
        "from the first list",
        "by hand",
    }
    assert job.result == {"removed": 0, "kept": 1}
    undoing.step(importing.undo(first.id, at=T0), T0)
    assert session().scalars(select(Note.body).where(Note.person_id == bo.id)).all() == ["by hand"]


def test_a_cancelled_import_stops_and_can_be_undone(programme: object) -> None:
    bringer = importing.upload(io.BytesIO(b"mail\na@x.org\nb@x.org\n"), "p.csv", at=clock.now())
    importing.describe(bringer.id, site="gfan", basis="public")
    job = importing.start(bringer.id, at=clock.now())
    running.step(job, clock.now(), size=1)
    importing.cancel_import(bringer.id, at=clock.now())
    assert bringer.new == 1
    with pytest.raises(MoveRefused):
        importing.cancel_import(bringer.id, at=clock.now())
    undoing.step(importing.undo(bringer.id, at=clock.now()), clock.now())
    assert session().scalar(select(func.count()).select_from(Person)) == 0


def test_files_that_no_import_names_are_swept_after_an_hour(bring: Bring) -> None:
    kept = importing.upload(io.BytesIO(b"mail\na@x.org\n"), "p.csv", at=clock.now())
    refused = bring("mail\nbad\n")
    left = [importing.receive(io.BytesIO(b"mail\nb@x.org\n")).key for _ in range(2)]
    part = files.path_of("imports/.half.part")
    part.write_bytes(b"mail\nc@x.org")
    two_hours_ago = (clock.now() - timedelta(hours=2)).timestamp()
    for key in (kept.stored_key, refused.refused_key, left[0], "imports/.half.part"):
        assert key is not None
        os.utime(files.path_of(key), (two_hours_ago, two_hours_ago))
    for _ in range(2):
        sweep.run()
    assert not files.path_of(left[0]).exists()
    assert not part.exists()
    for key in (kept.stored_key, refused.refused_key, left[1]):
        assert key is not None
        assert files.path_of(key).exists()


@pytest.mark.parametrize("content", [b"name,mail\nA,bad\n", "name,mail\nA,bad\n".encode("utf-16")])
def test_a_list_and_what_was_refused_of_it_are_ours_alone(
    database: Flask, bring: Bring, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setitem(database.config, "ACCEL_PREFIX", "/stored")
    before = os.umask(0)
    waiting = importing.upload(io.BytesIO(content), "p.csv", at=clock.now())
    refused = bring(content).refused_key
    os.umask(before)
    for key in (waiting.stored_key, refused):
        assert key is not None
        assert files.path_of(key).stat().st_mode & 0o777 == 0o600


def test_the_same_file_again_changes_nothing(bring: Bring) -> None:
    content = NAMES + "\n王,w@x.org,10001,小明,HTC,版主,vip,你好,2010-08-01\n"
    bring(content)
    assert counts(bring(content)) == (1, 0, 1, 0, 0)
    for model in (Person, Source, Note, Tag):
        assert session().scalar(select(func.count()).select_from(model)) == 1
