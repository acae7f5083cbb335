"""From a list of strangers to a conversation: an import, a campaign by mail, a queue by hand."""

from __future__ import annotations

from urllib.request import Request, urlopen

from playwright.sync_api import Browser, expect

from tests.browser.site import Site, link_in
from tests.browser.steps import Visit, import_people, new_audience, new_person, visiting

PEOPLE = """姓名,邮箱,QQ
林小雨,xiaoyu@inbox.example,10012345
王大锤,not an address,10012346
橙子控,orange\0fan@inbox.example,
赵铁柱,tiezhu@inbox.example,10012347
"""


def test_a_list_is_imported_and_the_import_undone(lin: Visit) -> None:
    import_people(lin, "机锋.csv", PEOPLE.encode("gbk"), ["name", "email", "qq"])
    lin.reads(en="What will happen", zh="预览")
    lin.sees("林小雨")
    assert lin.page.locator("main table tbody tr").count() >= 2
    lin.press("/start")
    number = lin.number
    lin.reloads_until(f"form[action$='/people/imports/{number}/undo']")
    lin.reads(en="rows read", zh="已读行数")
    lin.sees("GB18030")
    with lin.page.expect_download() as waiting:
        lin.page.locator("main .actions a[href$='/refused.csv']").click()
    refused = waiting.value.path().read_text("utf-8-sig")
    assert "王大锤" in refused
    assert "林小雨" not in refused
    lin.go(f"/people?import={number}")
    lin.sees("赵铁柱")
    lin.go(f"/people/imports/{number}")
    lin.press("/undo")
    lin.reloads_until("main h2:has-text('Who stayed'), main h2:has-text('保留下来的人')")
    lin.go("/people?q=tiezhu@inbox.example")
    expect(lin.page.locator("main")).not_to_contain_text("赵铁柱")


def test_a_list_is_imported_without_javascript(browser: Browser, programme: Site, language: str) -> None:
    kept = {"storage_state": programme.folder / "lin.json", "java_script_enabled": False}
    with visiting(browser, programme, language, **kept) as plain:
        import_people(plain, "plain.csv", b"name,mail\nWei Plain,wei.plain@inbox.example\n", ["name", "email"])
        plain.press("/start")
        plain.reloads_until("form[action$='/undo']")
        plain.go("/people?q=wei.plain@inbox.example")
        plain.sees("Wei Plain")


def test_a_campaign_leaves_by_mail_and_a_refusal_is_heard(lin: Visit, language: str) -> None:
    wei = new_person(lin, "Wei", "email", "wei@inbox.example")
    mei = new_person(lin, "Mei", "email", "mei@inbox.example")
    lin.go(f"/people/{wei}")
    for person in (wei, mei):
        lin.page.request.post(
            f"{lin.site.url}/people/{person}/tags",
            form={"csrf_token": lin.csrf(), "tag": "first letter"},
            headers={"Referer": lin.page.url},
        )
    audience = new_audience(lin, "By mail", tag="first letter")
    lin.go(f"/campaigns/new?audience={audience}")
    lin.fill(name="First letter", channel="mail")
    lin.fill(subject_zh="{{ name }}，来试试", body_zh="你好，{{ name }}。", subject_en="{{ name }}, try it")
    lin.fill(body_en="Hello {{ name }}.")
    lin.press("/campaigns/new")
    campaign = lin.number
    lin.press_link(f"/campaigns/{campaign}/preview?step=1")
    lin.sees({"en": "Wei, try it", "zh": "Wei，来试试"}[language])
    lin.go(f"/campaigns/{campaign}")
    for weighed in lin.page.locator("[name=taken_on]").all():
        weighed.check()
    lin.press(f"/campaigns/{campaign}/start")
    (letter,) = lin.site.letters.to("wei@inbox.example")
    lin.site.letters.to("mei@inbox.example")
    assert letter["Subject"] == {"en": "Wei, try it", "zh": "Wei，来试试"}[language]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    door = lin.site.url + link_in(letter, "/u/")
    assert door.split("/u/")[1] in letter["List-Unsubscribe"].replace("\r\n ", "")
    with urlopen(door) as page:  # noqa: S310 -- our own address; looking refuses nothing
        assert page.status == 200
    lin.go(f"/people/{wei}")
    expect(lin.page.locator("main a[href$='/touches/new']")).to_have_count(1)
    with urlopen(Request(door, b"List-Unsubscribe=One-Click", method="POST")) as answer:  # noqa: S310 -- our own
        assert answer.status == 200
    lin.go(f"/people/{wei}")
    lin.reads(en="left alone", zh="不再联系")
    lin.go(f"/people/{mei}/touches/new")
    lin.fill(what="in:replied", channel="email", body="Gladly!")
    lin.press("/touches/new")
    lin.go("/people/waiting")
    lin.sees("Mei")


def begin_by_hand(lin: Visit, name: str, people: int, kind: str = "qq") -> int:
    """A campaign by hand to so many people of this name; the first is not on the screen yet."""
    for place in range(1, people + 1):
        new_person(
            lin,
            f"{name} {place}",
            kind,
            f"{name.lower()}{len(name)}34{place}" if kind != "qq" else f"2{len(name)}01234{place}",
        )
    audience = new_audience(lin, name, q=name)
    lin.go(f"/campaigns/new?audience={audience}")
    lin.fill(name=name, channel="hand", identity_kind=kind)
    lin.fill(body_zh="你好，{{ name }}。", body_en="Hello {{ name }}.")
    lin.press("/campaigns/new")
    campaign = lin.number
    lin.press(f"/campaigns/{campaign}/start")
    lin.reloads_until(f"main a[href$='/campaigns/{campaign}/queue']")
    lin.press_link(f"/campaigns/{campaign}/queue")
    lin.reloads_until("form[action$='/queue/next']")
    return campaign


def key(lin: Visit, *names: str) -> None:
    """Keys of which the last one leads to another page."""
    for name in names[:-1]:
        lin.page.keyboard.press(name)
    with lin.page.expect_navigation():
        lin.page.keyboard.press(names[-1])


def test_a_queue_is_written_by_hand_with_the_keyboard(lin: Visit) -> None:
    lin.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    begin_by_hand(lin, "Hand", 4)
    lin.reads(en="By hand", zh="人工")
    key(lin, "n")
    lin.sees("Hand 1")
    lin.page.keyboard.press("c")
    expect(lin.page.locator("[data-copy=text]")).to_have_text({"en": "Copied", "zh": "已复制"}[lin.language])
    assert "Hand 1" in lin.page.evaluate("() => navigator.clipboard.readText()")
    lin.page.locator("main [name=body]").focus()
    lin.page.keyboard.type("1 2 6 u, gladly")
    expect(lin.page.locator("main [name=body]")).to_have_value("1 2 6 u, gladly")
    lin.page.keyboard.press("Escape")
    key(lin, "2")
    lin.sees("Hand 2")
    key(lin, "4", "Enter")
    lin.sees("Hand 3")
    lin.page.keyboard.press("u")
    lin.page.keyboard.type("pressed 4 instead of 5")
    key(lin, "Enter")
    lin.reads(en="Taken back", zh="已撤回")
    assert "Hand 2" in lin.page.locator("#text").input_value()
    key(lin, "5")
    key(lin, "6", "ArrowDown", "Enter")
    lin.reads(en="Not suitable", zh="不合适")
    assert "Hand 4" in lin.page.locator("#text").input_value()
    lin.page.locator("[data-keys-switch]").click()
    lin.page.locator("main").focus()
    lin.page.keyboard.press("1")
    assert "Hand 4" in lin.page.locator("#text").input_value()
    lin.page.locator("[data-keys-switch]").click()
    lin.page.locator("main").focus()
    key(lin, "1")
    lin.reads(en="Nobody is left", zh="没有人了")


def test_an_account_writes_on_a_phone_until_its_day_is_used_up(lin: Visit) -> None:
    lin.go("/outreach/accounts/new")
    lin.fill(name="seed_qq", channel="qq", per_day="2", needs_posts="1")
    lin.press("/outreach/accounts/new")
    lin.reads(en="It may not write yet", zh="还不能写信")
    account = lin.number
    lin.page.set_viewport_size({"width": 360, "height": 740})
    lin.fill(forum="gfan.example", link="https://gfan.example/1", level_after="3")
    lin.press("/posts")
    lin.reads(en="The post is in the log", zh="已记入")
    campaign = begin_by_hand(lin, "Phone", 3)
    lin.press("/queue/next")
    lin.sees("seed_qq")
    for button in lin.page.locator(".outcomes button, .set-aside > summary").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] > 0
    wide = lin.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 360
    for _person in range(2):
        with lin.page.expect_navigation():
            lin.page.locator("button[name=outcome][value=sent]").click()
    lin.reads(en="None left today", zh="今天已用完")
    lin.go(f"/outreach/accounts/{account}")
    lin.reads(en="It opens again", zh="恢复时间")
    lin.press("/stop")
    lin.go(f"/campaigns/{campaign}/queue")
    lin.reads(en="No account of ours", zh="还没有登记账号")


def test_a_queue_is_worked_without_javascript(browser: Browser, programme: Site, language: str) -> None:
    kept = {"storage_state": programme.folder / "lin.json", "java_script_enabled": False}
    with visiting(browser, programme, language, **kept) as plain:
        begin_by_hand(plain, "Plain", 2, "wechat")
        plain.press("/queue/next")
        assert plain.page.locator("#text").evaluate("one => one === document.activeElement")
        with plain.page.expect_navigation():
            plain.page.locator("button[name=outcome][value=sent]").click()
        with plain.page.expect_navigation():
            plain.page.locator(".undo button").click()
        plain.reads(en="Taken back", zh="已撤回")
        assert "Plain 1" in plain.page.locator("#text").input_value()
