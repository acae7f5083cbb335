"""Every page that can be reached by links, as staff, as a tester and as a stranger: legible, quick, and for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from crm.demo.story import PASSWORD
from tests.browser.conftest import AXE
from tests.browser.site import Site

MOST_PAGES = 90
FIRST_LOAD_BYTES = 100_000
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value; })
  .observe({type: 'layout-shift', buffered: true});
"""
BYTES = """
() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter(one => one.initiatorType !== 'img')
  .reduce((sum, one) => sum + one.encodedBodySize, 0)
"""
OVERFLOW = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
FOR_TESTERS_LINK = re.compile(r"https?://\S+")


def sign_in(page: Page, site: Site, who: str) -> None:
    if who == "tester":
        line = next(line for line in site.output().splitlines() if line.strip().startswith("tester"))
        found = FOR_TESTERS_LINK.search(line)
        assert found
        page.goto(found.group(0))
        page.locator("main form button[type=submit]").first.click()
    elif who != "stranger":
        page.goto(f"{site.url}/sign-in")
        page.fill("main input[name=mail]", who)
        page.fill("main input[name=password]", PASSWORD)
        page.locator("main form:has(input[name=password]) button[type=submit]").first.click()
        page.wait_for_url(re.compile(r".*(?<!/sign-in)$"))


def shape(path: str) -> str:
    """Pages that differ in a number or token only are one page."""
    return re.sub(r"/(\d+|[A-Za-z0-9_-]{16,})(?=/|$)", "/N", path)


def reach(page: Page, site: Site) -> Iterator[str]:
    """Walks from the first page along every link of this site, one page of each shape."""
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop(0)
        answer = page.goto(site.url + path)
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status == 200, f"{path}: {answer.status}"
        yield path
        for link in page.locator("a[href]:not([download])").evaluate_all("all => all.map(one => one.href)"):
            parts = urlsplit(link)
            if link.startswith(site.url) and shape(parts.path) not in seen and len(seen) < MOST_PAGES:
                seen.add(shape(parts.path))
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


def faults(page: Page, path: str) -> Iterator[str]:
    if found := page.evaluate(f"() => {{ {AXE}; return axe.run().then(done => done.violations) }}"):
        for one in found:
            yield f"{path}: {one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
    if (size := page.evaluate(BYTES)) > FIRST_LOAD_BYTES:
        yield f"{path}: {size} bytes"
    if (shifted := page.evaluate("() => window.shifted")) > 0.01:
        yield f"{path}: the layout shifts by {shifted:.3f}"
    for width in (360, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        if (over := page.evaluate(OVERFLOW)) > 0:
            yield f"{path}: {over} px too wide at {width}"
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("who", ["lin@orange.example", "tester", "stranger"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_legible_and_light(page: Page, story_site: Site, who: str, theme: str, language: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.add_init_script(WATCH_SHIFTS)
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, story_site, who)
    wrong: list[str] = []
    visited = 0
    for path in reach(page, story_site):
        visited += 1
        wrong += faults(page, path)
        assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-Hans"}[language]
    assert not wrong, "\n".join(wrong)
    assert visited >= (2 if who == "stranger" else 5)
