"""Member lists: files and pasted text as people have them."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.programme import Programme
from crm.groups.actions import import_members
from crm.groups.models import MemberList
from crm.groups.queries import running_count
from crm.people.models import Identity, Person, Source
from tests import make
from tests.make import T0


def take(group_id: int, data: bytes) -> MemberList:
    return import_members(group_id, io.BytesIO(data), "list.csv", at=T0)


def figures(taken: MemberList) -> tuple[int, int, int, int, int]:
    return taken.read, taken.joined, taken.known, taken.new_people, len(taken.refused)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_list_in_any_encoding_joins_known_and_new_people(programme: Programme, bo: Person, encoding: str) -> None:
    group = make.group(name="橙群")
    text = "姓名,QQ\n张伟,10001\n李娜,10002\n欧阳,10003\n"
    assert figures(take(group.id, text.encode(encoding))) == (3, 3, 0, 2, 0)
    li = session().scalars(select(Person).join(Identity).where(Identity.value == "10002")).one()
    assert li.name == "李娜"
    source = session().scalars(select(Source).where(Source.person_id == li.id)).one()
    assert (source.site, source.board) == ("qq", "橙群")
    assert "橙群" in source.basis
    assert running_count(group.id) == 3


def test_the_same_list_again_changes_nothing(programme: Programme) -> None:
    group = make.group()
    take(group.id, b"identity\nqq:10001\nemail:ada@example.org\n")
    assert figures(take(group.id, b"identity\nqq:10001\nemail:ada@example.org\n")) == (2, 0, 2, 0, 0)


def test_pasted_numbers_need_no_head(programme: Programme) -> None:
    assert figures(take(make.group().id, b"10001\n10002\n\n10001\n")) == (3, 2, 1, 2, 0)


def test_pasted_names_and_numbers_need_no_head(programme: Programme) -> None:
    take(make.group().id, "李娜\t10002\n张伟\t10003\n".encode())
    assert set(session().scalars(select(Person.name))) == {"李娜", "张伟"}


def test_a_row_that_names_nobody_is_refused_with_its_line_and_without_the_identity(programme: Programme) -> None:
    taken = take(make.group().id, b"name,qq\nLi,abc\nWu,\nHe,10003\n")
    assert figures(taken) == (3, 1, 0, 1, 2)
    assert [row["line"] for row in taken.refused] == [2, 3]
    assert "abc" not in str(taken.refused)


def test_a_row_that_names_two_known_people_is_refused(programme: Programme, bo: Person) -> None:
    make.person("Cy", identities={"email": "cy@prospects.example"})
    assert figures(take(make.group().id, b"qq,email\n10001,cy@prospects.example\n")) == (1, 0, 0, 0, 1)


def test_a_list_fills_the_places_and_refuses_the_rest(programme: Programme, bo: Person) -> None:
    group = make.group(capacity=2)
    taken = take(group.id, b"qq\n10005\n10001\n10006\n10007\n")
    assert figures(taken) == (4, 2, 0, 1, 2)
    assert [row["line"] for row in taken.refused] == [4, 5]
    assert running_count(group.id) == 2


def test_a_list_without_identities_is_refused_whole(programme: Programme) -> None:
    with pytest.raises(NotUnderstood, match="needs a column"):
        take(make.group().id, b"name,city,age\nLi,Beijing,30\n")


def test_staff_paste_a_list_and_see_what_came_of_it(lins_browser: FlaskClient) -> None:
    group = make.group()
    session().commit()
    answer = lins_browser.post(f"/groups/{group.id}/lists", data={"text": "10001\nx\n"})
    page = lins_browser.get(answer.location).text
    assert "no valid identity" in page
    empty = lins_browser.post(f"/groups/{group.id}/lists", data={"text": ""})
    assert empty.status_code == 200
    assert "The file is empty" in empty.text
