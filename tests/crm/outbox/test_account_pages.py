from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from crm.accounts.rules import Role
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.outbox.models import AccountUser, SeedingPost, Sender
from crm.people.models import Person
from tests import make
from tests.cast import SignIn

PAGE = "/outreach/accounts"


def form(**more: str) -> dict[str, str]:
    said = {"name": "米粉小站", "channel": "forum", "forum": "https://GFAN.com/", "zone": "Asia/Shanghai"}
    return said | {"per_day": "20", "level": "1", "needs_level": "3", "needs_posts": "2"} | more


@pytest.fixture
def number(lins_browser: FlaskClient) -> int:
    assert lins_browser.post(f"{PAGE}/new", data=form()).status_code == 302
    session().commit()
    return session().query(Sender).one().id


def test_an_account_is_made_shown_changed_stopped_and_used_again(number: int, lins_browser: FlaskClient) -> None:
    assert session().query(Sender).one().channel == "forum:gfan.com"
    listing = lins_browser.get(PAGE).text
    assert "米粉小站" in listing
    assert "level 3 (it has 1), 2 more posts (0 of 2)" in listing
    assert "20 left today of 20" in listing
    lins_browser.post(f"{PAGE}/{number}/edit", data=form(per_day="5"))
    assert "5 left today of 5" in lins_browser.get(f"{PAGE}/{number}").text
    lins_browser.post(f"{PAGE}/{number}/stop")
    assert "stopped" in lins_browser.get(PAGE).text
    lins_browser.post(f"{PAGE}/{number}/resume")
    assert "stopped" not in lins_browser.get(PAGE).text
    session().commit()
    told = [one.action for one in session().query(JournalEntry).filter(JournalEntry.action.startswith("account."))]
    assert told == ["account.create", "account.change", "account.stop", "account.resume"]


def test_what_cannot_be_is_said_and_keeps_what_was_typed(number: int, lins_browser: FlaskClient) -> None:
    for wrong, word in (({"zone": "Mars"}, "no such time zone"), ({"forum": ""}, "Choose where"), ({}, "already")):
        answer = lins_browser.post(f"{PAGE}/new", data=form(**wrong))
        assert answer.status_code == 200
        assert word in answer.text
        assert 'value="米粉小站"' in answer.text


def test_the_log_is_written_exported_and_taken_over_again(number: int, lins_browser: FlaskClient) -> None:
    post = {
        "posted_on": "2026-01-04",
        "forum": "gfan.com",
        "link": "https://gfan.com/1",
        "note": "=1+1",
        "level_after": "3",
    }
    assert lins_browser.post(f"{PAGE}/{number}/posts", data=post).status_code == 302
    answer = lins_browser.post(f"{PAGE}/{number}/posts", data=post)
    assert answer.status_code == 422
    assert "in the log already" in answer.text
    exported = lins_browser.get(f"{PAGE}/{number}/posts.csv").data
    assert "'=1+1" in exported.decode("utf-8-sig")
    more = exported + "2026/1/5,gfan.com,,你好,\r\n".replace("/1/5", "/01/05").encode()
    page = ""
    for told in ("1 posts are new, 1 were known", "0 posts are new, 2 were known"):
        upload = {"file": (io.BytesIO(more), "log.csv")}
        page = lins_browser.post(f"{PAGE}/{number}/posts/import", data=upload, follow_redirects=True).text
        assert told in page
    assert "It may not write yet" not in page
    session().commit()
    assert {one.note for one in session().query(SeedingPost)} == {"=1+1", "你好"}
    first = session().query(SeedingPost).first()
    assert first is not None
    lins_browser.post(f"{PAGE}/{number}/posts/{first.id}/remove")
    assert "It may not write yet" in lins_browser.get(f"{PAGE}/{number}").text


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "first line names the columns"),
        (b"a,b\n1,2\n", "first line names the columns"),
        ("日期,论坛\n昨天,机锋\n".encode("gb18030"), "Line 2: “昨天” is no date"),
        (b"date,forum,level\n2026-01-04,gfan,three\n", "Line 2: “three” is no level"),
        (b"date,forum\n2026-01-04,\n", "Line 2 names no forum"),
        (b"date,forum\n2999-01-04,gfan\n", "has not come yet"),
        (b'date,forum\n"2026-01-04,gfan\n', "no CSV"),
        (b"\xff\xfe\x00\xff" * 9, "no text"),
        (b"x" * 400_001, "larger than a log"),
    ],
)
def test_a_file_that_cannot_be_read_adds_nothing(
    number: int, lins_browser: FlaskClient, content: bytes, word: str
) -> None:
    answer = lins_browser.post(f"{PAGE}/{number}/posts/import", data={"file": (io.BytesIO(content), "log.csv")})
    assert answer.status_code == 422
    assert word in answer.text
    session().commit()
    assert session().query(SeedingPost).count() == 0


def test_only_an_admin_says_who_writes_from_an_account(
    number: int, lin: Person, lins_browser: FlaskClient, sign_in: SignIn
) -> None:
    mei = sign_in(make.staff("Mei", Role.COMMUNITY))
    assert "Who writes from it" not in mei.get(f"{PAGE}/{number}/edit").text
    assert mei.post(f"{PAGE}/{number}/edit", data=form(users=str(lin.id))).status_code == 302
    session().commit()
    assert session().query(AccountUser).count() == 0
    lins_browser.post(f"{PAGE}/{number}/edit", data=form(users=str(lin.id)))
    session().commit()
    assert session().query(AccountUser).one().person_id == lin.id
    assert "Lin" in lins_browser.get(f"{PAGE}/{number}").text


def test_release_managers_have_no_accounts(number: int, sign_in: SignIn) -> None:
    assert sign_in(make.staff("Rui", Role.RELEASE)).get(PAGE).status_code == 403
