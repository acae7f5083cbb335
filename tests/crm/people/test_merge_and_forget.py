"""Merging, un-merging, exporting, forgetting."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import func, select

from crm.core import clock, files, journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, Refusal
from crm.core.journal import JournalEntry
from crm.people.actions import (
    add_identity,
    add_note,
    add_person,
    edit_person,
    export_zip,
    forget,
    importing,
    merge,
    reapply,
    remove_identity,
    tag,
    unmerge,
)
from crm.people.actions.forgetting import log_path
from crm.people.models import Erasure, Identity, Merge, Note, PeopleImport, Person, PersonTag, Source
from crm.people.queries import ids_by_identities, person_or_404, suppressed
from tests import make
from tests.crm.people.conftest import Bring
from tests.make import T0


def snapshot() -> list[tuple[object, ...]]:
    tables = (Identity.__table__, Source.__table__, PersonTag.__table__, Note.__table__)
    people = select(Person.id, Person.name, Person.language, Person.merged_into_id)
    return sorted(tuple(map(str, row)) for t in (*map(select, tables), people) for row in session().execute(t))


def test_a_merge_moves_everything_and_can_be_undone(bo: Person, mallory: Person, lin: Person) -> None:
    make.source(mallory)
    add_note(mallory.id, "seen", at=T0)
    tag([bo.id, mallory.id], "both")
    tag([mallory.id], "one")
    mallory.language = "zh"
    session().flush()
    before = snapshot()
    made = merge(bo.id, mallory.id, at=T0, by_id=lin.id)
    assert person_or_404(mallory.id).id == bo.id
    assert session().get_one(Person, bo.id).language == "zh"
    assert session().scalars(select(Note.person_id)).one() == bo.id
    unmerge(made.id, at=T0)
    assert snapshot() == before
    with pytest.raises(MoveRefused):
        unmerge(made.id, at=T0)


def test_one_person_and_staff_cannot_be_merged_away(bo: Person, lin: Person) -> None:
    for keep, lose in ((bo.id, bo.id), (bo.id, lin.id)):
        with pytest.raises(Refusal):
            merge(keep, lose, at=T0)


def test_an_earlier_merge_waits_for_the_later_one_to_be_undone(bo: Person, mallory: Person) -> None:
    first = merge(bo.id, mallory.id, at=T0)
    third = make.person("Third")
    second = merge(third.id, bo.id, at=T0)
    with pytest.raises(MoveRefused):
        unmerge(first.id, at=T0)
    unmerge(second.id, at=T0)
    unmerge(first.id, at=T0)
    assert person_or_404(mallory.id).id == mallory.id


def test_an_export_holds_what_is_known_and_nobody_elses_names(bo: Person, lin: Person) -> None:
    make.source(bo, found_by_id=lin.id)
    with zipfile.ZipFile(io.BytesIO(export_zip(bo.id, T0))) as archive:
        found = json.loads(archive.read(f"person-{bo.id}.json"))
    assert found["person"]["name"] == "Bo"
    assert {one["value"] for one in found["rooms"]["people"]["identity"]} == {"10001", "bo@prospects.example"}
    assert "found_by_id" not in found["rooms"]["people"]["source"][0]


def test_forgetting_erases_everywhere_and_keeps_hashes(bring: Bring, lin: Person) -> None:
    content = "name,mail,phone\nZhang San,zs@x.org,138 0013 8000\nOther,o@x.org,\nZhang San,zs@x.org,nonsense\n"
    bringer = bring(content)
    waiting = importing.upload(io.BytesIO(content.encode()), "again.csv", at=clock.now())
    importing.describe(waiting.id, site="gfan", basis="public")
    waiting.preview = importing.preview(waiting.id)
    person = ids_by_identities([("email", "zs@x.org")])["email", "zs@x.org"]
    journal.record("people.edit", f"person:{person}", at=T0, about_id=person, before={"name": "Zhang"})
    second = add_person("Z. San", [("qq", "778899")], at=T0)
    merge(person, second.id, at=T0)
    forget(person, at=clock.now())
    assert waiting.stored_key is not None
    assert bringer.refused_key is not None
    assert session().scalars(select(Erasure.person_id).order_by(Erasure.person_id)).all() == sorted((person, second.id))
    for key in (waiting.stored_key, bringer.refused_key):
        text = files.path_of(key).read_text("utf-8")
        assert "Zhang" not in text
        assert "zs@x" not in text
    assert "o@x.org" in files.path_of(waiting.stored_key).read_text("utf-8")
    entries = session().scalars(select(JournalEntry).where(JournalEntry.about_id.in_((person, second.id)))).all()
    assert [e for e in entries if e.before or e.after] == []
    assert session().scalars(select(Merge)).one().moved == {}
    session().expire_all()
    assert session().get_one(PeopleImport, waiting.id).preview is None
    assert session().get_one(Person, person).name == ""
    with pytest.raises(NotThere):
        person_or_404(person)
    assert ids_by_identities([("email", "zs@x.org"), ("qq", "778899"), ("phone", "+8613800138000")]) == {}
    again = add_person("Zhang San", [("qq", "778899")], at=T0)
    assert suppressed([again.id]) == {again.id}


def told_in_the_journal() -> str:
    rows = session().execute(select(JournalEntry.before, JournalEntry.after)).all()
    return json.dumps([list(row) for row in rows], ensure_ascii=False)


def test_a_merge_tells_no_names(bo: Person, mallory: Person) -> None:
    made = merge(bo.id, mallory.id, at=T0)
    unmerge(made.id, at=T0)
    told = told_in_the_journal()
    assert "Bo" not in told
    assert "Mallory" not in told
    assert str(mallory.id) in told


def test_forgetting_finds_a_name_or_address_in_what_is_told_of_others(bo: Person, mallory: Person, lin: Person) -> None:
    """While two were one person, changes to the one were told of the other; a filter may ask for an address."""
    bob = add_person("鲍勃", [("email", "bob@x.org"), ("qq", "778899")], at=T0, language="zh")
    mallory.name = ""
    made = merge(mallory.id, bob.id, at=T0)
    edit_person(mallory.id, name="Ann", language=None, zone=None, owner_id=None, at=T0)
    remove_identity(mallory.id, "qq", "778899", at=T0)
    add_identity(mallory.id, "qq", "778899", at=T0)
    unmerge(made.id, at=T0)
    journal.record("audience.save", "audience:1", at=T0, after={"filters": {"q": "Bob@X.org "}})
    journal.record("audience.save", "audience:2", at=T0, after={"filters": {"q": "鲍勃"}, "size": 1778899})
    namesake = add_person("鲍勃", [("qq", "555555")], at=T0)
    forget(bob.id, at=T0)
    told = told_in_the_journal()
    assert "bob@" not in told.casefold()
    assert '"qq:778899"' not in told
    assert "1778899" in told, "a number that happens to hold theirs is not theirs"
    assert told.count("鲍勃") == 2, "a name may be somebody else's"
    assert session().scalars(select(JournalEntry.after).where(JournalEntry.about_id == namesake.id)).one()


def test_an_erasure_is_applied_again_after_an_older_backup_came_back(bo: Person, mallory: Person) -> None:
    log_path().unlink(missing_ok=True)
    with session().begin_nested() as backup:
        forget(bo.id, at=clock.now())
        backup.rollback()
    session().expire_all()
    assert person_or_404(bo.id).name == "Bo"
    lines = log_path().read_text("ascii").splitlines()
    assert "prospects" not in lines[0]
    assert reapply(lines, clock.now()) == 1
    assert reapply(lines, clock.now()) == 0
    assert session().get_one(Person, bo.id).name == ""
    assert session().get_one(Person, mallory.id).name == "Mallory"


def test_a_number_that_went_to_somebody_else_is_not_forgotten(bo: Person) -> None:
    line = json.dumps({"person_ids": [bo.id], "at": clock.now().isoformat(), "hashes": ["0" * 64]})
    assert reapply([line], clock.now()) == 0
    assert session().scalar(select(func.count()).select_from(Erasure)) == 0
