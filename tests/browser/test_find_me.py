"""The find-me page in a real browser, opened as a file: found, lit up, looked at closely, by mouse, finger and key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from boot_screen import Layout, Name, Scene, Screen, lay_out, render, write_set
from tests.browser.conftest import AXE
from tests.browser.steps import LOCALES
from tests.browser.test_pages import AXE_FINDS, OVERFLOW

HOSTILE = "</script><img src=x onerror=document.title='taken'>"
NAMES = (
    "小雨",
    "Ada Lovelace",
    "ａｄａ Wide",
    "Nevada",
    HOSTILE,
    "محمد",
    "ﬁ star",
    "👍🏽",
    *(f"小雨{n}" for n in range(700)),
)
NEAR = 2.5  # px; the ring is drawn on whole pixels
VIEW = """() => {
  const view = new DOMMatrix(document.querySelector('.stage img').style.transform);
  return {scale: view.a, x: view.e, y: view.f};
}"""

COUNT_VIEWS = """() => {
  window.views = 0;
  new MutationObserver(() => { window.views += 1; }).observe(
    document.querySelector('.ring'), {attributes: true, attributeFilter: ['style']});
}"""


# What a pointer moved is in its place two frames later.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Finder:
    """Somebody in front of the page."""

    page: Page
    layout: Layout

    def look_for(self, text: str) -> list[str]:
        self.page.get_by_role("combobox").fill(text)
        return self.page.locator("#results bdi").all_inner_texts()

    @property
    def scale(self) -> float:
        return float(self.page.evaluate(VIEW)["scale"])

    @property
    def said(self) -> str:
        text = self.page.get_by_role("status").inner_text()
        return text.replace("\u2068", "").replace("\u2069", "")

    def key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the picture is on the reader's screen."""
        self.page.evaluate(DRAWN)
        box = self.page.locator(".stage").bounding_box()
        view = self.page.evaluate(VIEW)
        assert box
        return box["x"] + view["x"] + x * view["scale"], box["y"] + view["y"] + y * view["scale"]

    def ring_is_around(self, name_id: str) -> None:
        (box,) = (each.words.box for page in self.layout.pages for each in page.names if each.name.id == name_id)
        ring = self.page.locator(".ring").bounding_box()
        assert ring
        left, top = self.point(box.x, box.y)
        right, foot = self.point(box.x + box.width, box.y + box.height)
        around = left - ring["x"]
        assert around > 0
        assert ring["y"] == pytest.approx(top - around, abs=NEAR)
        assert ring["x"] + ring["width"] == pytest.approx(right + around, abs=NEAR)
        assert ring["y"] + ring["height"] == pytest.approx(foot + around, abs=NEAR)
        stage = self.page.locator(".stage").bounding_box()
        assert stage
        assert stage["x"] <= ring["x"] <= stage["x"] + stage["width"] - ring["width"]
        assert stage["y"] <= ring["y"] <= stage["y"] + stage["height"] - ring["height"]


@pytest.fixture(scope="module")
def find_me(tmp_path_factory: pytest.TempPathFactory) -> tuple[Layout, Path]:
    """Several pages, with names of strangers on them."""
    names = [Name(f"id {number}", text) for number, text in enumerate(NAMES)]
    layout = lay_out(Scene(names, Screen(480, 800), title="谢谢", subtitle="every name", system_fonts=False))
    path = tmp_path_factory.mktemp("find-me") / "page.html"
    write_set(layout, render(layout), "find-me", path)
    assert len(layout.pages) > 1
    return layout, path


Opener = Callable[..., Finder]


@pytest.fixture
def opened(browser: Browser, find_me: tuple[Layout, Path]) -> Iterator[Opener]:
    """Opens the page; at the end nothing was complained of, and nothing fetched but the file itself."""
    layout, path = find_me
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    fetched: list[str] = []

    def open_page(after: str = "", language: str = "en", **options: Any) -> Finder:
        asked = {"reduced_motion": "reduce", "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(locale=LOCALES[language], **asked)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(path.as_uri() + after)
        return Finder(page, layout)

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url.partition("#")[0].partition("?")[0] for url in fetched if not url.startswith("data:")} == {
        path.as_uri()
    }


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_it_fits_and_is_for_everybody(opened: Opener, language: str, width: int) -> None:
    finder = opened(language=language, viewport={"width": width, "height": 800})
    finder.page.evaluate(AXE)
    faults = finder.page.evaluate(AXE_FINDS)
    finder.look_for("小雨")
    faults += finder.page.evaluate(AXE_FINDS)
    finder.key("ArrowDown", "Enter")
    finder.page.locator("section:not([hidden]) summary").click()
    faults += finder.page.evaluate(AXE_FINDS)
    assert faults == []
    assert finder.page.evaluate(OVERFLOW) <= 0
    small = "all => all.filter(one => one.offsetParent && one.offsetHeight < 44).map(one => one.outerHTML)"
    assert finder.page.locator(".tools button, #results li, #name, summary").evaluate_all(small) == []


def test_it_speaks_the_readers_language(opened: Opener, language: str) -> None:
    page = opened(language=language).page
    expect(page.locator("html")).to_have_attribute("lang", {"en": "en", "zh": "zh-Hans"}[language])
    expect(page.get_by_label({"en": "Find a name", "zh": "查找名字"}[language], exact=True)).to_be_visible()


@pytest.mark.parametrize("asked", ["?lang=zh", "#lang=zh", "?lang=zh-CN#id=id+0"])
def test_a_link_may_ask_for_a_language(opened: Opener, asked: str) -> None:
    expect(opened(asked).page.locator("html")).to_have_attribute("lang", "zh-Hans")


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("ADA", "Ada Lovelace", 3),
        ("ａｄａ ", "Ada Lovelace", 3),
        ("ada wide", "ａｄａ Wide", 1),
        ("FI", "ﬁ star", 1),
        ("小雨", "小雨", 60),
        ("小雨699", "小雨699", 1),
        ("محمد", "محمد", 1),
        ("👍🏽", "👍🏽", 1),
        ("nobody", "", 0),
        ("   ", "", 0),
    ],
)
def test_names_are_found_by_a_part_whatever_case_or_width(opened: Opener, text: str, first: str, count: int) -> None:
    found = opened().look_for(text)
    assert len(found) == count
    assert (found or [""])[0] == first


def test_the_count_is_told(opened: Opener, language: str) -> None:
    finder = opened(language=language)
    told = []
    for text in ("", "小雨", "ada", "小雨699", "nobody"):
        finder.look_for(text)
        told.append(finder.said)
    expected = {
        "en": [
            "708 names are here. Type yours.",
            "701 names found. The first 60 are listed; type more of the name.",
            "3 names found.",
            "One name found.",
            "No name is written like this. Try a part of it.",
        ],
        "zh": [
            "这里有 708 个名字，输入你的名字。",
            "找到 701 个名字，只列出前 60 个，请多输入几个字。",
            "找到 3 个名字。",
            "找到 1 个名字。",
            "没有这样的名字，试试只输入其中几个字。",
        ],
    }
    assert told == expected[language]


def test_a_chosen_name_is_lit_up_in_its_place_and_the_place_is_told(opened: Opener) -> None:
    finder = opened()
    finder.look_for("小雨")
    finder.key("ArrowDown", "ArrowDown", "Enter")
    finder.ring_is_around("id 8")
    tops = [each.words.box.y for each in finder.layout.pages[0].names[:9]]
    row, place = len(set(tops)), tops.count(tops[8])
    assert finder.said == f"小雨0: page 1 of {len(finder.layout.pages)}, row {row}, name {place}."
    assert finder.page.url.endswith("#id=id%208")
    finder.look_for("小雨699")
    finder.key("Enter")
    finder.ring_is_around("id 707")
    assert f"page {len(finder.layout.pages)} of" in finder.said


def test_a_name_is_chosen_by_click_and_the_field_keeps_the_focus(opened: Opener) -> None:
    finder = opened(viewport={"width": 360, "height": 740})
    finder.look_for("nevada")
    finder.page.get_by_role("option").first.click()
    finder.ring_is_around("id 3")
    expect(finder.page.get_by_role("combobox")).to_be_focused()
    expect(finder.page.get_by_role("listbox")).to_be_hidden()


def test_arrows_walk_the_results_and_a_reader_hears_which(opened: Opener) -> None:
    finder = opened()
    field = finder.page.get_by_role("combobox")
    finder.look_for("ada")
    expect(field).to_have_attribute("aria-expanded", "true")
    finder.key("ArrowUp")
    expect(field).to_have_attribute("aria-activedescendant", "found-2")
    finder.key("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "found-0")
    expect(finder.page.locator("#found-0")).to_have_attribute("aria-selected", "true")
    expect(finder.page.locator("#found-2")).to_have_attribute("aria-selected", "false")
    finder.key("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(finder.page.get_by_role("listbox")).to_be_hidden()


@pytest.mark.parametrize("link", ["#id=id%20707", "#n=%E5%B0%8F%E9%9B%A8699", "#lang=zh&id=id%20707"])
def test_a_personal_link_leads_to_the_name(opened: Opener, link: str) -> None:
    finder = opened(link)
    finder.ring_is_around("id 707")
    assert "小雨699" in finder.said


def test_a_link_followed_while_the_page_is_open_leads_there_too(opened: Opener) -> None:
    finder = opened("#id=id%200")
    finder.ring_is_around("id 0")
    finder.page.evaluate("location.hash = '#id=id%20707'")
    expect(finder.page.get_by_role("status")).to_contain_text("小雨699")
    finder.ring_is_around("id 707")


def test_a_link_to_nobody_says_so(opened: Opener) -> None:
    finder = opened("#id=missing")
    assert finder.said == "This link leads to nobody here."
    expect(finder.page.locator(".ring")).to_be_hidden()


def test_names_of_strangers_are_only_text(opened: Opener) -> None:
    finder = opened("#id=id%204")
    assert HOSTILE in finder.said
    finder.look_for("onerror")
    expect(finder.page.get_by_role("option").first).to_contain_text(HOSTILE)
    finder.page.locator("section:not([hidden]) summary").click()
    expect(finder.page.get_by_role("button", name=HOSTILE)).to_be_visible()
    assert finder.page.title() == "谢谢"
    assert finder.page.evaluate("document.images.length") == 1


def test_keys_zoom_move_and_turn_pages(opened: Opener) -> None:
    finder = opened()
    whole = finder.scale
    finder.page.locator(".stage").focus()
    finder.key("+", "+")
    assert finder.scale == pytest.approx(whole * 1.4**2)
    before = finder.point(0, 0)
    finder.key("ArrowLeft", "ArrowUp")
    assert finder.point(0, 0) == pytest.approx((before[0] + 80, before[1] + 80))
    finder.key("-")
    assert finder.scale == pytest.approx(whole * 1.4)
    finder.key("0")
    assert finder.scale == pytest.approx(whole)
    finder.key("-")
    assert finder.scale == pytest.approx(whole)
    finder.key("PageDown")
    expect(finder.page.locator("#number")).to_have_text(f"2 / {len(finder.layout.pages)}")
    finder.key("PageUp", "PageUp")
    expect(finder.page.locator("#number")).to_have_text(f"1 / {len(finder.layout.pages)}")
    finder.key("/")
    expect(finder.page.get_by_role("combobox")).to_be_focused()
    finder.page.keyboard.type("+-0")
    expect(finder.page.get_by_role("combobox")).to_have_value("+-0")
    assert finder.scale == pytest.approx(whole)


def test_buttons_zoom_and_turn_pages(opened: Opener) -> None:
    finder = opened()
    whole = finder.scale
    press = finder.page.get_by_role
    press("button", name="Larger").click()
    assert finder.scale > whole
    press("button", name="Smaller").click()
    press("button", name="Larger").click()
    press("button", name="Whole page").click()
    assert finder.scale == pytest.approx(whole)
    expect(press("button", name="Page before")).to_be_disabled()
    press("button", name="Next page").click()
    expect(press("button", name="Page before")).to_be_enabled()
    expect(finder.page.locator(".stage")).to_have_attribute(
        "aria-label",
        f"Picture of page \u20682\u2069 of \u2068{len(finder.layout.pages)}\u2069".replace("\u2068", "").replace(
            "\u2069", ""
        ),
    )


def test_the_wheel_zooms_where_the_mouse_points(opened: Opener) -> None:
    finder = opened()
    whole = finder.scale
    x, y = finder.point(300, 500)
    finder.page.mouse.move(x, y)
    finder.page.mouse.wheel(0, -400)
    finder.page.wait_for_function(
        "was => new DOMMatrix(document.querySelector('.stage img').style.transform).a > was", arg=whole
    )
    assert finder.point(300, 500) == pytest.approx((x, y), abs=1)
    for _ in range(20):
        finder.page.mouse.wheel(0, -1000)
    finder.page.wait_for_function("new DOMMatrix(document.querySelector('.stage img').style.transform).a === 8")


def test_a_drag_moves_the_picture_and_never_out_of_sight(opened: Opener) -> None:
    finder = opened()
    finder.key("+", "+", "+")
    x, y = finder.point(240, 400)
    finder.page.mouse.move(x, y)
    finder.page.mouse.down()
    finder.page.mouse.move(x + 60, y - 40)
    assert finder.point(240, 400) == pytest.approx((x + 60, y - 40), abs=1)
    finder.page.mouse.move(x + 9000, y + 9000)
    finder.page.mouse.up()
    stage = finder.page.locator(".stage").bounding_box()
    assert stage
    assert finder.point(0, 0)[0] <= stage["x"] + stage["width"] / 2 + 1


@contextmanager
def fingers(page: Page) -> Iterator[Callable[..., None]]:
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]},
        )

    yield touch
    session.detach()


def test_two_fingers_zoom(opened: Opener) -> None:
    finder = opened(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    whole = finder.scale
    x, y = finder.point(240, 400)
    with fingers(finder.page) as touch:
        touch("touchStart", (x - 30, y), (x + 30, y))
        for apart in (40, 60, 90):
            touch("touchMove", (x - apart, y), (x + apart, y))
        touch("touchEnd")
    finder.page.wait_for_function(
        "least => new DOMMatrix(document.querySelector('.stage img').style.transform).a > least", arg=whole * 2.5
    )
    assert finder.point(240, 400) == pytest.approx((x, y), abs=12)


def test_what_is_lit_up_no_longer_hides_the_rest_once_one_looks_around(opened: Opener) -> None:
    finder = opened("#id=id%200")
    ring = finder.page.locator(".ring")
    expect(ring).not_to_have_class("ring lit calm")
    finder.key("+")
    expect(ring).to_have_class("ring lit calm")
    finder.ring_is_around("id 0")


def test_the_view_flies_unless_motion_is_unwanted(opened: Opener) -> None:
    moving = "() => getComputedStyle(document.querySelector('.ring')).animationName"
    still, flying = opened("#id=id%20707"), opened("#id=id%200", reduced_motion="no-preference")
    assert still.page.evaluate(moving) == "none"
    assert flying.page.evaluate(moving) == "light-up"
    for finder in (still, flying):
        finder.look_for("小雨1")
        finder.page.evaluate(COUNT_VIEWS)
        finder.page.get_by_role("option").first.click()
        finder.page.wait_for_timeout(1200)
        finder.ring_is_around("id 9")
    assert still.page.evaluate("window.views") <= 2
    assert flying.page.evaluate("window.views") > 2


def test_the_names_as_text_lead_to_their_places(opened: Opener) -> None:
    finder = opened()
    summary = finder.page.locator("section:not([hidden]) summary")
    count = len(finder.layout.pages[0].names)
    expect(summary).to_have_text(f"Names on page 1 as text ({count})")
    summary.click()
    buttons = finder.page.locator("section:not([hidden]) ol button")
    expect(buttons).to_have_count(count)
    buttons.nth(5).click()
    finder.ring_is_around("id 5")


def test_only_the_page_that_is_looked_at_is_in_the_document(opened: Opener) -> None:
    finder = opened()
    assert finder.page.evaluate("document.images.length") == 1
    finder.page.get_by_role("button", name="Next page").click()
    assert finder.page.evaluate("document.images.length") == 1
    assert finder.page.locator("section:not([hidden])").count() == 1


def test_a_smaller_window_keeps_the_found_name_in_sight(opened: Opener) -> None:
    finder = opened("#id=id%20707")
    finder.page.set_viewport_size({"width": 700, "height": 600})
    finder.page.wait_for_function("document.querySelector('.stage').clientWidth === 700")
    finder.page.wait_for_timeout(100)
    finder.ring_is_around("id 707")


def test_without_scripts_the_pages_and_names_are_there(opened: Opener) -> None:
    page = opened(java_script_enabled=False).page
    expect(page.locator("img:visible")).to_have_count(len(page.locator("section").all()))
    page.locator("summary").first.click()
    expect(page.locator(".names").first).to_contain_text("Ada Lovelace")
    expect(page.locator(".names").first).to_contain_text(HOSTILE)
    expect(page.get_by_role("combobox")).to_have_count(0)


def test_one_page_of_names_turns_no_pages(browser: Browser, tmp_path: Path) -> None:
    layout = lay_out(Scene([Name("1", "小雨")], Screen(480, 800), system_fonts=False))
    write_set(layout, render(layout), "find-me", tmp_path / "one.html")
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.goto((tmp_path / "one.html").as_uri() + "#id=1")
    expect(page.get_by_role("status")).to_have_text("\u2068小雨\u2069: row 1, name 1.")
    expect(page.locator(".turn")).to_be_hidden()
    context.close()
