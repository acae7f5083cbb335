"""Letters as their readers see them, on the product's own pages and alone: narrow and wide, light and dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import AXE
from tests.browser.site import Site
from tests.browser.test_pages import AXE_FINDS, OVERFLOW, sign_in

STAFF = "lin@orange.example"
FRAME = "iframe.letter-frame"


def first_letter(page: Page, site: Site) -> str:
    """The address of the HTML part of a letter of a campaign by mail."""
    sign_in(page, site, STAFF)
    page.goto(f"{site.url}/letters?state=sent")
    for link in page.locator("main table a[href*='/letters/']").evaluate_all("all => all.map(one => one.href)"):
        page.goto(link)
        if page.locator(FRAME).count():
            return str(page.locator(FRAME).get_attribute("src"))
    raise AssertionError("the story holds no letter by mail")


def test_a_letters_page_frames_it_and_runs_nothing_of_it(page: Page, story_site: Site) -> None:
    address = first_letter(page, story_site)
    frame = page.frame_locator(FRAME)
    assert frame.locator("body table").count() >= 2
    assert page.locator("pre.letter-text").first.inner_text()
    answer = page.request.get(story_site.url + address)
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "<script" not in answer.text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
def test_a_letter_is_legible(page: Page, story_site: Site, width: int, scheme: str) -> None:
    html = page.request.get(story_site.url + first_letter(page, story_site)).text()
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
    page.goto("about:blank")
    page.set_content(html)
    assert page.evaluate(OVERFLOW) == 0
    paper = page.evaluate("() => getComputedStyle(document.querySelector('.sheet')).backgroundColor")
    lightness = sum(int(part) for part in re.findall(r"\d+", paper)[:3])
    assert (lightness > 600) is (scheme == "light"), paper
    page.evaluate(AXE)
    assert page.evaluate(AXE_FINDS, ["color-contrast", "link-in-text-block", "html-has-lang", "link-name"]) == []
    tall = page.locator("a.button")
    for number in range(tall.count()):
        box = tall.nth(number).bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_whoever_gets_no_letter_from_us_sees_none(page: Page, story_site: Site) -> None:
    page.goto(f"{story_site.url}/letters/1/html")
    assert "/sign-in" in page.url
