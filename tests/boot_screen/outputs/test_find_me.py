"""The find-me page as a file; tests/browser/test_find_me.py opens it."""

from __future__ import annotations

import hashlib
import io
import json
import re
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from boot_screen import Layout, Master, Name, Scene, lay_out, render, write_set
from boot_screen.contrast import contrast
from boot_screen.outputs.find_me import legible
from tests.boot_screen.outputs.pages import made_under_two_hash_seeds
from tests.boot_screen.scenes import MIXED, SMALL, many, placed, scene

HOSTILE = ("</script><img src=x onerror=alert(1)>", "</p></details><script>alert(1)</script>", "<!--", "\"'&amp;")


class Parts(HTMLParser):
    """What a browser finds in the file: elements with their attributes, and the text of each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self.texts and self.texts[-1][0] == self._open and not data.strip():
            return
        self.texts.append((self._open, data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag and text.strip()]


def page(layout: Layout, folder: Path) -> str:
    path = folder / "find-me.html"
    write_set(layout, render(layout), "find-me", path)
    return path.read_text("utf-8")


def places(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="places">(.*?)</script>', html)
    assert found
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def test_the_page_names_no_address_outside_itself(tmp_path: Path) -> None:
    html = page(lay_out(scene(*MIXED, title="谢谢")), tmp_path)
    words = re.sub(r'src="data:[^"]*"', "", html)
    assert re.findall(r"https?:|//[a-z]|@import|url\(", words) == []
    for _, attributes in Parts(html).elements:
        assert not {"href", "action", "srcset"} & set(attributes)
        assert "src" not in attributes or (attributes["src"] or "").startswith("data:image/png;base64,")


def test_only_the_scripts_and_style_of_the_page_may_run(tmp_path: Path) -> None:
    html = page(lay_out(scene(*HOSTILE, title="谢谢")), tmp_path)
    (policy,) = (each["content"] or "" for each in Parts(html).all("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    inline = re.findall(r"<style>(.*?)</style>|<script>(.*?)</script>", html, re.DOTALL)
    assert len(inline) == 3
    for style, script in inline:
        digest = hashlib.sha256((style or script).encode()).digest()
        assert f"'sha256-{b64encode(digest).decode()}'" in policy


def test_no_element_runs_a_script_of_its_own(tmp_path: Path) -> None:
    parts = Parts(page(lay_out(scene(*HOSTILE, title=HOSTILE[0], subtitle=HOSTILE[1])), tmp_path))
    assert [name for _, each in parts.elements for name in each if name.startswith("on") or name == "style"] == []
    assert [(each["src"] or "")[:5] for each in parts.all("img")] == ["data:"]
    assert len(parts.all("script")) == 3


def test_the_names_of_each_page_stand_in_the_file_as_text(tmp_path: Path) -> None:
    layout = lay_out(scene(*HOSTILE, *MIXED, *many(900)))
    names = [text for tag, text in Parts(page(layout, tmp_path)).texts if tag == "p" and "\n" in text]
    shown = ["\n".join(each.name.line.text for each in page.names) for page in layout.pages]
    assert [text for text in names if text in shown] == shown
    assert len(shown) > 1


def test_each_page_is_its_picture_with_the_same_pixels(tmp_path: Path) -> None:
    layout = lay_out(scene(*many(900)))
    images = Parts(page(layout, tmp_path)).all("img")
    for image, master in zip(images, render(layout), strict=True):
        with Image.open(io.BytesIO(b64decode((image["src"] or "").partition(",")[2]))) as picture:
            assert Master(picture.copy(), 1).sha256() == master.sha256()
        assert (image["width"], image["height"]) == ("480", "800")
        assert image["alt"]


def test_the_record_of_places_is_that_of_the_layout(tmp_path: Path) -> None:
    layout = lay_out(scene(*MIXED, *many(900)))
    record = places(page(layout, tmp_path))
    assert record["screen"] == [480, 800]
    told = []
    for each in record["pages"]:
        tops = [top for top, count in each["rows"] for _ in range(count)]
        told += list(zip(each["ids"], each["x"], tops, each["w"], [each["height"]] * len(tops), strict=True))
    assert told == [(name.name.id, *name.words.box) for name in placed(layout)]


def test_a_name_that_was_changed_keeps_what_its_owner_wrote(tmp_path: Path) -> None:
    layout = lay_out(scene("小雨", "A\ua9c1B", "a\nb"))
    assert places(page(layout, tmp_path))["given"] == {"1": "A\ua9c1B", "2": "a\nb"}


def test_ids_and_names_of_any_characters_make_a_file(tmp_path: Path) -> None:
    names = [Name("\ud800</script>", "a\udfffb"), Name("", "\0c")]
    html = page(lay_out(Scene(names, SMALL, title="\ud800谢谢", system_fonts=False)), tmp_path)
    assert places(html)["pages"][0]["ids"] == ["\ud800</script>", ""]
    assert '<h1 dir="auto">谢谢</h1>' in html
    assert len(Parts(html).all("script")) == 3


def test_without_a_title_the_page_says_what_it_is_for(tmp_path: Path) -> None:
    html = page(lay_out(scene("小雨")), tmp_path)
    assert "<title>Find a name</title>" in html


def test_the_same_names_give_the_same_page_whatever_the_hash_seed(tmp_path: Path) -> None:
    one, other = made_under_two_hash_seeds("find-me", tmp_path)
    assert one == other


def test_an_ink_too_faint_for_text_gives_way_to_black_or_white() -> None:
    assert legible((90, 80, 70), (20, 16, 15)) == (255, 255, 255)
    assert legible((255, 240, 200), (250, 250, 245)) == (0, 0, 0)
    assert legible((243, 232, 215), (20, 16, 15)) == (243, 232, 215)
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    layout = lay_out(scene("小雨"))
    with pytest.raises(OSError, match="No such file"):
        write_set(layout, render(layout), "find-me", tmp_path / "nowhere" / "a.html")
    assert list(tmp_path.iterdir()) == []


def test_masters_of_other_pages_are_refused(tmp_path: Path) -> None:
    layout = lay_out(scene("小雨"))
    with pytest.raises(ValueError, match="shorter"):
        write_set(layout, [], "find-me", tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []
