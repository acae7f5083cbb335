"""A release week, a tester's own pages, and a request that gets shipped."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Playwright, Route, expect

from tests.browser.conftest import FLAGS
from tests.browser.lines import Line, listening
from tests.browser.site import Site, link_in
from tests.browser.steps import WAIT, Visit, become_tester, visiting

BUILD = bytes(range(256)) * 2000


def register_build(lin: Visit, version: str, content: bytes | None = BUILD) -> int:
    lin.go("/builds/new")
    lin.fill(platform="android", version=version, notes_en="Faster start.", notes_zh="启动更快。")
    if content is not None:
        file: FilePayload = {"name": f"{version}.zip", "mimeType": "application/zip", "buffer": content}
        lin.page.set_input_files("input[name=file]", file)
    lin.press("/builds/new")
    return lin.number


def lay_train(lin: Visit, name: str) -> None:
    lin.go("/trains/new")
    lin.fill(name=name, platform="android", weekday="4", local_time="17:00", zone="Asia/Shanghai")
    with lin.page.expect_navigation():
        lin.page.locator("main form button.primary").click()


def plan_release(lin: Visit, train: str, build_id: int) -> None:
    """The train's next week that is free."""
    lin.go("/releases")
    row = lin.page.locator("main table").first.locator("tbody tr", has_text=train).first
    with lin.page.expect_navigation():
        row.locator("a").first.click()
    if "/weeks/" not in lin.page.url and "/change" not in lin.page.url:
        lin.press_link("/change")
    lin.fill(build_id=str(build_id))
    with lin.page.expect_navigation():
        lin.page.locator("main form button.primary").click()


def check_in(visit: Visit, token: str, **what: str) -> dict[str, int]:
    """As a device does it."""
    request = Request(  # noqa: S310 -- our own address
        f"{visit.site.url}/api/v1/check-ins",
        json.dumps(what).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    with urlopen(request) as answer:  # noqa: S310 -- our own address
        found = json.load(answer)
        assert isinstance(found, dict)
        return found


def device_token(visit: Visit) -> str:
    visit.go("/check-in-token")
    visit.press("/check-in-token")
    return visit.page.input_value("#token")


@pytest.fixture
def own_browser(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[BrowserContext]:
    """One with a list of downloads, as a person has it."""
    opened = playwright.chromium.launch_persistent_context(
        tmp_path / "profile", executable_path=chromium, args=list(FLAGS), downloads_path=tmp_path / "downloads"
    )
    opened.set_default_timeout(WAIT)
    yield opened
    opened.close()


def test_a_release_week(lin: Visit, ada: Visit) -> None:
    become_tester(ada, "Ada", "ada@inbox.example")
    lay_train(lin, "Orange Friday")
    build_id = register_build(lin, "1.0.1")
    assert lin.page.input_value("[id^=sha256]") == hashlib.sha256(BUILD).hexdigest()
    plan_release(lin, "Orange Friday", build_id)
    release = lin.number
    lin.reads(en="Testers who get it", zh="将收到的内测用户")
    lin.press(f"/releases/{release}/open")
    lin.reloads_until(f"main form[action$='/releases/{release}/close']")
    _welcome, letter = ada.site.letters.to("ada@inbox.example", count=2)
    ada.go(link_in(letter, "/r/"))
    sum_shown = ada.page.input_value("[id^=sha256]")
    with ada.page.expect_download() as waiting:
        ada.page.locator("main a.button.primary").click()
    assert hashlib.sha256(waiting.value.path().read_bytes()).hexdigest() == sum_shown
    token = device_token(ada)
    assert check_in(ada, token, version="1.0.1", kind="first_run", client_key="one")["new"] == 1
    assert check_in(ada, token, version="1.0.1", kind="first_run", client_key="one") == {"new": 0, "known": 1}
    lin.go(f"/releases/{release}")
    ran = lin.page.locator(f"main a[href$='ran_build={build_id}']")
    expect(ran).to_contain_text("1")
    with lin.page.expect_navigation():
        ran.click()
    lin.sees("Ada")


def test_an_upload_that_breaks_off_goes_on_where_it_stopped(lin: Visit, tmp_path: Path) -> None:
    """Its second piece is lost; the page is left; the same file chosen again sends only what is missing."""
    number, file = register_build(lin, f"orange-{uuid4().hex[:6]}", None), tmp_path / "orange.img"
    file.write_bytes(random.Random(5).randbytes(20 << 20))
    asked: list[tuple[str, str]] = []
    lost = [True]

    def meet(route: Route) -> None:
        asked.append((route.request.method, route.request.headers.get("upload-offset", "")))
        first = route.request.method != "PATCH" or asked[-1][1] == "0"
        route.continue_() if first or not lost[0] else route.abort()

    losing = replace(lin, page=lin.page.context.new_page())  # whose complaints about the network are meant
    losing.page.route("**/uploads**", meet)
    losing.go(f"/builds/{number}")
    losing.page.locator("#upload input[type=file]").set_input_files(file)
    losing.page.locator("#upload button[type=submit]").click()
    expect(losing.page.locator("#upload-progress [role=status]")).not_to_be_empty(timeout=WAIT)
    losing.go(f"/builds/{number}")
    losing.sees("orange.img")
    lost[0] = False
    asked.clear()
    losing.page.locator("#upload input[type=file]").set_input_files(file)
    losing.page.locator("#upload button[type=submit]").click()
    shown = losing.page.locator(f"input[value='{hashlib.sha256(file.read_bytes()).hexdigest()}']")
    expect(shown).to_be_visible(timeout=WAIT)
    assert [method for method, _offset in asked] == ["HEAD", "PATCH"]
    assert asked[1][1] == str(16 << 20)


@pytest.mark.parametrize("resets", [False, True], ids=["ends", "is reset"])
def test_a_browser_goes_on_where_the_line_broke(
    lin: Visit, own_browser: BrowserContext, tmp_path: Path, resets: bool
) -> None:
    """By itself where the line ends; by its own Resume where it is reset."""
    chance = random.Random(resets)
    content = chance.randbytes(6 << 20)
    number = register_build(lin, f"orange-{uuid4().hex[:6]}", content)
    for cookie in lin.page.context.cookies():
        own_browser.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": lin.site.url}])
    line = Line(lin.site.url, chance.randrange(1 << 20, 5 << 20), resets)
    page = own_browser.pages[0]
    with listening(line) as host:
        page.set_content(f"<a href='{host}/builds/{number}/download'>the build</a>")
        with page.expect_download():
            page.click("a")
        page.goto("chrome://downloads")
        if resets:
            page.click("downloads-item #more-actions")
            page.click("downloads-item #pause-or-resume")
        page.wait_for_selector("downloads-item #quick-show-in-folder")
    first, second = line.asked
    assert "range" not in first
    assert re.fullmatch(r"bytes=[1-9]\d{5,}-", second["range"])
    assert second["if-range"]
    (file,) = (tmp_path / "downloads").iterdir()
    assert file.read_bytes() == content


def test_a_testers_own_pages(bo: Visit, lin: Visit) -> None:
    become_tester(bo, "Bo", "bo@inbox.example")
    bo.page.context.clear_cookies()
    bo.go("/sign-in")
    bo.fill(mail="bo@inbox.example")
    with bo.page.expect_navigation():
        bo.page.locator("main form:has([name=password]) button.primary").click()
    letters = bo.site.letters.to("bo@inbox.example", count=2)
    bo.go(link_in(letters[1], "/sign-in/"))
    with bo.page.expect_navigation():
        bo.page.locator("main form button.primary").click()
    bo.go("/portal")
    bo.reads(en="My build", zh="我的版本")
    bo.reads(en="Where I stand", zh="我处在哪个阶段")
    bo.go("/my-name")
    bo.fill(answer="yes", shown_name="橙子控 Bo")
    with bo.page.expect_navigation():
        bo.page.locator("main form button[name=do][value=save]").click()
    bo.sees("橙子控 Bo")
    picture = bo.page.locator("main #look img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("one => one.naturalWidth") > 0
    bo.go("/me")
    with bo.page.expect_download() as waiting:
        bo.page.locator("main a[href$='/my-data.zip']").click()
    with ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as packed:
        text = "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    assert "bo@inbox.example" in text
    bo.go("/me/leave")
    bo.press("/me/leave")
    bo.reads(en="You have left", zh="你已退出内测")
    lin.go("/people?q=bo@inbox.example")
    lin.sees("Bo")


def test_a_request_is_needed_answered_and_shipped(lin: Visit, ada: Visit, bo: Visit) -> None:
    become_tester(ada, "Cai", "cai@inbox.example")
    become_tester(bo, "Dee", "dee@inbox.example")
    numbers = {}
    for title in ("Torch on the lock screen", "Louder alarm"):
        ada.go("/requests/new/idea")
        ada.fill(title=title, body="Because it is dark.")
        ada.press("/requests/new/idea")
        numbers[title] = ada.number
    torch, alarm = numbers.values()
    bo.go("/requests")
    bo.page.locator(f"#need-{torch}-button").click()
    expect(bo.page.locator(f"form[action$='/requests/{torch}/need-no-more']")).to_be_visible()
    assert bo.page.locator("main table a[href^='/requests/']").first.get_attribute("href") == f"/requests/{alarm}"
    bo.go("/requests")
    order = bo.page.locator("main table tbody tr th a, main table tbody tr td a").evaluate_all(
        "all => all.map(one => one.pathname)"
    )
    assert order.index(f"/requests/{torch}") < order.index(f"/requests/{alarm}")
    build_id = register_build(lin, "1.1.0", b"second")
    lin.go(f"/requests/{torch}")
    lin.reads(en="Who needs it", zh="谁需要")
    lin.fill(body="It comes on Friday.")
    lin.press("/answers")
    lin.fill(shipped_in=str(build_id))
    with lin.page.expect_navigation():
        lin.page.locator("main form:has([name=shipped_in]) button[type=submit]").click()
    ada.go(f"/requests/{torch}")
    ada.sees("It comes on Friday.")
    ada.sees("1.1.0")


def test_a_request_is_written_without_javascript(browser: Browser, programme: Site, language: str) -> None:
    with visiting(browser, programme, language, java_script_enabled=False) as plain:
        become_tester(plain, "Eve", "eve@inbox.example")
        plain.go("/requests/new/fault")
        plain.fill(title="No sound", body="After the second call.", severity="major")
        plain.press("/requests/new/fault")
        number = plain.number
        plain.press(f"/requests/{number}/need-no-more")
        plain.go("/requests?state=any")
        plain.press(f"/requests/{number}/need")
        expect(plain.page.locator(f"#need-{number}")).to_contain_text(re.compile("1"))
