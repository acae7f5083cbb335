"""Chromium, a Seedbed with the small story, and one that is empty; readers of both languages and themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.site import Site, running

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def story_site(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Site]:
    """The demo programme at a hundredth of its size."""
    folder = tmp_path_factory.mktemp("story") / "data"
    with running(folder, "demo", "--scale", "0.01", SMTP_URL="mailbox://") as site:
        yield site


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Site]:
    """An installation on which nobody has done anything yet, with a real mail server."""
    with running(tmp_path_factory.mktemp("own") / "data", "run") as site:
        yield site


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, language: str) -> Iterator[Page]:
    """A reader of one language; anything the browser complains of fails the test."""
    context = browser.new_context(locale={"en": "en-GB", "zh": "zh-CN"}[language], timezone_id="Europe/Berlin")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert not complaints, complaints


AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
