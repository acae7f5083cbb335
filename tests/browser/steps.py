"""What people do in the browser in more than one story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site, link_in

LOCALES = {"en": "en-GB", "zh": "zh-CN"}
PASSWORD = "four quiet orange trees"
LIN = "lin@orange.example"
WAIT = 20_000
SANDBOXED = "Blocked script execution"  # of the checks, in the frame in which a letter is shown


@dataclass(frozen=True)
class Visit:
    """Somebody in front of a browser, who reads one language."""

    page: Page
    site: Site
    language: str

    def go(self, path: str) -> None:
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def fill(self, **fields: str) -> None:
        """Fields of the page's form by their names; a choice by its value."""
        for name, value in fields.items():
            item = self.page.locator(f"main [name={name}]:not([type=hidden])").first
            if item.evaluate("one => one.tagName") == "SELECT":
                item.select_option(value)
            elif item.get_attribute("type") in ("radio", "checkbox"):
                self.page.locator(f"main [name={name}][value='{value}']").check()
            else:
                item.fill(value)

    def press(self, form_action: str, button: str = "") -> None:
        """The button of the form that goes to an address with this ending; first opens what hides it."""
        form = self.page.locator(f"main form[action$='{form_action}']").first
        if form.evaluate("one => !!one.closest('details:not([open])')"):
            form.locator("xpath=ancestor::details[1]/summary").click()
        with self.page.expect_navigation():
            form.locator(f"button[type=submit]{button}").first.click()
        assert self.page.locator("main .error, main [role=alert]").count() == 0, self.page.inner_text("main")

    def press_link(self, ending: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(f"main a[href$='{ending}']").first.click()

    def reads(self, *, en: str, zh: str) -> None:
        """This text stands on the page, in the reader's language."""
        expect(self.page.locator("main")).to_contain_text({"en": en, "zh": zh}[self.language], timeout=WAIT)

    def sees(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text, timeout=WAIT)

    def reloads_until(self, selector: str) -> None:
        """Looks again as a person would who waits for something that happens without them."""
        for _look in range(60):
            if self.page.locator(selector).count():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()
        raise AssertionError(f"{selector} does not come: {self.page.inner_text('main')}")

    @property
    def number(self) -> int:
        """The number in the page's address."""
        found = re.search(r"/(\d+)(?:/|$|\?)", self.page.url)
        assert found, self.page.url
        return int(found.group(1))

    def csrf(self) -> str:
        return str(self.page.locator("input[name=csrf_token]").first.get_attribute("value"))


@contextmanager
def visiting(browser: Browser, site: Site, language: str, **options: Any) -> Iterator[Visit]:
    """A browser of its own; what it complains of fails the test."""
    context = browser.new_context(locale=LOCALES[language], timezone_id="Europe/Berlin", **options)
    context.set_default_timeout(WAIT)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type == "error" and SANDBOXED not in line.text else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Visit(page, site, language)
    context.close()
    assert not complaints, complaints


def begin_programme(visit: Visit) -> None:
    """The first visit leads to the page on which the programme begins."""
    visit.go("/")
    assert visit.page.url.endswith("/welcome")
    visit.reads(en="Begin a programme", zh="创建项目")
    visit.fill(name="MIUI", zone="Asia/Shanghai", admin_name="Lin", admin_mail=LIN, password=PASSWORD, again=PASSWORD)
    visit.fill(first_language=visit.language, postal_address="68 Qinghe Middle Street, Beijing")
    visit.press("/welcome")
    visit.go("/settings/programme")
    visit.fill(sign_up="open")
    visit.press("/settings/programme")


def become_tester(visit: Visit, name: str, mail: str) -> None:
    """Joins by the public page, the letter and the agreement."""
    visit.go("/join")
    visit.fill(name=name, mail=mail)
    visit.press("/join")
    (letter,) = visit.site.letters.to(mail)
    visit.go(link_in(letter, "/join/"))
    with visit.page.expect_navigation():
        visit.page.locator("main form[action*='/join/'] button[type=submit]").click()


def import_people(visit: Visit, name: str, content: bytes, fields: list[str]) -> None:
    """Uploads a list and says what its columns hold; ends on the preview."""
    visit.go("/people/imports/new")
    visit.page.set_input_files("input[name=file]", {"name": name, "mimeType": "text/csv", "buffer": content})
    visit.press("/people/imports/new")
    visit.fill(**{f"column_{place}": field for place, field in enumerate(fields)})
    visit.fill(site="gfan.example", basis="public profile that asks for messages")
    visit.press("/columns")


def new_person(visit: Visit, name: str, kind: str, value: str) -> int:
    """Enters somebody by hand; their number."""
    visit.go("/people/new")
    visit.fill(name=name, identity_kind=kind, identity_value=value, site="gfan.example", basis="asked for messages")
    visit.press("/people/new")
    return visit.number


def new_audience(visit: Visit, name: str, **conditions: str) -> int:
    visit.go("/audiences/new")
    visit.fill(name=name, **conditions)
    with visit.page.expect_navigation():
        visit.page.locator("main form[action$='/audiences/new'] button.primary").click()
    return visit.number
