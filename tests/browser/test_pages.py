"""Every page that links lead to, as staff, as a tester and as a stranger: legible, quick, and for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, Response

from crm.demo.telling import PASSWORD
from tests.browser.conftest import AXE
from tests.browser.site import Site

MOST_PAGES = 120
FIRST_LOAD_BYTES = 100_000
SHIFT = 0.01  # what a busy machine paints in two pieces moves the foot by less
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
}).observe({type: 'layout-shift', buffered: true});
"""
BYTES = """
() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter(one => !/\\.woff2?($|[?])/.test(one.name))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)
"""
OVERFLOW = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
TOO_WIDE = """
() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > document.scrollingElement.clientWidth + 0.5)
  .map(one => one.tagName.toLowerCase() + '.' + (one.getAttribute('class') || '')).slice(0, 4)
"""
AXE_FINDS = """
async rules => {
  const only = rules ? {runOnly: {type: 'rule', values: rules}} : {};
  const done = await axe.run({resultTypes: ['violations'], ...only});
  const where = one => one.nodes.slice(0, 3).map(node => node.target + ' ' + node.html).join(' | ');
  return done.violations.map(one => one.id + ': ' + one.help + ': ' + where(one));
}
"""
OF_COLOUR = ["color-contrast", "link-in-text-block"]
LINKS = "all => all.map(one => one.href)"


def sign_in(page: Page, site: Site, who: str) -> None:
    if who == "tester":
        found = re.search(r"^ *tester +(\S+)", site.output(), re.MULTILINE)
        assert found
        page.goto(site.url + site.sign_in_link(found.group(1)))
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(re.compile(r".*/(portal)?$"))
    elif who != "stranger":
        page.goto(f"{site.url}/sign-in")
        page.fill("main input[name=mail]", who)
        page.fill("main input[name=password]", PASSWORD)
        page.locator("main form:has(input[name=password]) button[type=submit]").first.click()
        page.wait_for_url(re.compile(r".*(?<!/sign-in)$"))


def shape(path: str) -> str:
    """Pages that differ in a number or token only are one page."""
    return re.sub(r"/(\d+|[A-Za-z0-9_-]{16,})(?=/|$)", "/N", path)


def opened(page: Page, url: str) -> Response | None:
    """The page, or None where the address is a file to download."""
    try:
        answer = page.goto(url)
    except Error as error:
        if "Download is starting" in error.message:
            return None
        raise
    assert answer is not None
    return answer if "text/html" in answer.headers.get("content-type", "") else None


def reach(page: Page, site: Site) -> Iterator[str]:
    """Walks from the first page along every link of this site, one page of each shape."""
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop(0)
        answer = opened(page, site.url + path)
        if answer is None:
            continue
        assert answer.status == 200, f"{path}: {answer.status}"
        links = page.locator("a[href]:not([download])").evaluate_all(LINKS)
        yield path
        for link in links:
            parts = urlsplit(link)
            if link.startswith(site.url) and shape(parts.path) not in seen and len(seen) < MOST_PAGES:
                seen.add(shape(parts.path))
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


def faults(page: Page) -> Iterator[str]:
    if (size := page.evaluate(BYTES)) > FIRST_LOAD_BYTES:
        yield f"{size} bytes"
    if (shifted := page.evaluate("() => window.shifted")) > SHIFT:
        yield f"the layout shifts by {shifted:.3f}"
    page.evaluate(AXE)
    yield from page.evaluate(AXE_FINDS)
    page.emulate_media(color_scheme="dark")
    yield from (f"dark: {found}" for found in page.evaluate(AXE_FINDS, OF_COLOUR))
    page.emulate_media(color_scheme="light")
    for width in (360, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        if (over := page.evaluate(OVERFLOW)) > 0:
            yield f"{over} px too wide at {width}: {page.evaluate(TOO_WIDE)}"
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("who", ["lin@orange.example", "tester", "stranger"])
def test_every_page_is_legible_and_light(page: Page, story_site: Site, who: str, language: str) -> None:
    page.add_init_script(WATCH_SHIFTS)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, story_site, who)
    wrong: list[str] = []
    visited: list[str] = []
    for path in reach(page, story_site):
        visited.append(path)
        wrong += [f"{path}: {fault}" for fault in faults(page)]
        if page.locator("html").get_attribute("lang") != {"en": "en", "zh": "zh-Hans"}[language]:
            wrong.append(f"{path}: another language")
    assert not wrong, "\n".join(wrong)
    assert len(visited) >= {"stranger": 2, "tester": 6}.get(who, 40), visited


@pytest.mark.parametrize("path", ["/people", "/audiences"])
def test_a_page_that_arrives_slowly_does_not_move_under_the_eye(page: Page, story_site: Site, path: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, story_site, "lin@orange.example")
    page.add_init_script(WATCH_SHIFTS)
    line = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 20, "downloadThroughput": 20_000, "uploadThroughput": -1}
    line.send("Network.emulateNetworkConditions", slow)
    line.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(story_site.url + path)
    assert page.locator("table[data-rows]").first.is_visible()
    assert page.evaluate("() => window.shifted") <= SHIFT
