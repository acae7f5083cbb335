"""Chromium, a Seedbed with the small story, and empty ones in which a programme begins; readers of both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.site import Site, running
from tests.browser.steps import Visit, begin_programme, visiting

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def story_site(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Site]:
    """The demo programme at a hundredth of its size."""
    folder = tmp_path_factory.mktemp("story") / "data"
    with running(folder, "demo", "--scale", "0.01", SMTP_URL="mailbox://") as site:
        yield site


@pytest.fixture(scope="session", params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, story_site: Site, language: str) -> Iterator[Page]:
    """A stranger on the story's first page."""
    with visiting(browser, story_site, language) as visit:
        yield visit.page


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory, browser: Browser, language: str) -> Iterator[Site]:
    """An own programme, begun on the welcome page, with a real mail server; Lin's cookies are kept for `lin`."""
    folder = tmp_path_factory.mktemp("own") / "data"
    with running(folder, "run") as site:
        with visiting(browser, site, language) as visit:
            begin_programme(visit)
            visit.page.context.storage_state(path=folder / "lin.json")
        yield site


@pytest.fixture
def lin(browser: Browser, programme: Site, language: str) -> Iterator[Visit]:
    """The programme's first admin, signed in."""
    with visiting(browser, programme, language, storage_state=programme.folder / "lin.json") as visit:
        yield visit


@pytest.fixture
def ada(browser: Browser, programme: Site, language: str) -> Iterator[Visit]:
    """Somebody from outside."""
    with visiting(browser, programme, language) as visit:
        yield visit


@pytest.fixture
def bo(browser: Browser, programme: Site, language: str) -> Iterator[Visit]:
    """Somebody else from outside."""
    with visiting(browser, programme, language) as visit:
        yield visit
