"""The letter as it looks: a wording's light Markdown in our layout, its CSS inlined; all of it once per wording.

Values are filled in afterwards, escaped for their place, so that no value is ever read as Markdown or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path

from css_inline import CSSInliner
from flask_babel import force_locale, pgettext
from flask_babel import gettext as _

from crm.core.markdown import as_html
from crm.outbox.queries.templates import PLAIN, Template, compiled_html
from crm.outbox.rules import LINKS

FOLDER = Path(__file__).resolve().parents[1] / "templates" / "outbox" / "letters"
LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)

_inliner = CSSInliner(
    extra_css=(FOLDER / "letter.css").read_text("utf-8"), keep_style_tags=True, load_remote_stylesheets=False
)


def _marks(text: str) -> Iterator[str]:
    """Words that Markdown and HTML leave alone, and that this text does not hold."""
    stem = "zq"
    while stem in text:
        stem += "q"
    return (f"{stem}{number}x" for number in count())


def _words(marked: str, links: dict[str, str]) -> str:
    """The wording as HTML. `links`: marks of placeholders that are links; alone in a line they are buttons."""
    html = as_html(marked)
    if links:
        one = "|".join(links)
        html = re.sub(rf"<br>\n({one})(?=</p>|<br>)", r"</p>\n<p>\1", html)
        html = re.sub(rf"<p>({one})<br>\n", r"<p>\1</p>\n<p>", html)
        html = re.sub(rf'(?<![\w">/])({one})(?!\w)(?!</a>)|(?<=>)({one})(?!</a>)', _as_anchor, html)
        html = re.sub(rf'<p>\s*<a href="({one})">\1</a>\s*</p>', lambda found: _button(found[1], ""), html)
        html = re.sub(rf'<p>\s*<a href="({one})">(?!\1)([^<]+)</a>\s*</p>', lambda f: _button(f[1], f[2]), html)
    return html


def _as_anchor(found: re.Match[str]) -> str:
    mark = found[1] or found[2]
    return f'<a href="{mark}">{mark}</a>'


def _button(mark: str, label: str) -> str:
    button = '<p class="act"><a class="button" href="{}">{}</a></p>'
    if label:
        return button.format(mark, label)
    written = f'<p class="address"><a href="{mark}">{mark}</a></p>'
    return button.format(mark, pgettext("letter", "Open the link")) + "\n" + written


def _bare_tags(html: str, tags: list[str]) -> str:
    """A choice that stands in a line of its own stands between paragraphs, not in one."""
    for mark in tags:
        html = html.replace(f"<p>{mark}</p>\n", mark).replace(f"<p>{mark}<br>\n", f"{mark}<p>")
        html = html.replace(f"<br>\n{mark}</p>", f"</p>{mark}").replace(f"<br>\n{mark}<br>\n", f"</p>{mark}<p>")
    return html


def _foot(programme: str, address: str | None, link: str | None) -> str:
    """Who writes, where they are found, and the way to be left alone, as far as the words do not say so."""
    lines = [f"{programme} · {address}" if address else programme]
    if link:
        words = _("Unsubscribe")
        lines.append(f'<a href="{link}">{words}</a>')
    return "<br>\n".join(lines)


@lru_cache(maxsize=1024)
def layout(body: str, language: str, *, with_address: bool, with_link: bool) -> Template:
    """What makes the HTML of each letter of this wording; which of the two its foot adds. Raises NotUnderstood."""
    marks = _marks(body)
    outputs: dict[str, str] = {}

    def mark(liquid: str) -> str:
        found = next(marks)
        outputs[found] = liquid
        return found

    marked = LIQUID.sub(lambda liquid: mark(liquid[0]), body)
    links = {
        one: name for one, out in outputs.items() if (place := PLAIN.fullmatch(out)) and (name := place[1]) in LINKS
    }
    with force_locale(language):
        words = _bare_tags(_words(marked, links), [one for one, out in outputs.items() if out.startswith("{%")])
        programme = mark("{{ programme }}")
        foot = _foot(
            programme,
            mark("{{ postal_address }}") if with_address else None,
            mark("{{ unsubscribe_link }}") if with_link else None,
        )
    hull = (FOLDER / "letter.html").read_text("utf-8")
    tag = "zh-Hans" if language == "zh" else language
    filled = {"PROGRAMME": programme, "WORDS": words, "FOOT": foot}
    hull = hull.replace('lang="en"', f'lang="{tag}"', 1)
    html = re.sub(r"%([A-Z]+)%", lambda place: filled[place[1]], hull)
    inlined = _inliner.inline(html).replace(' data-css-inline="keep"', "").replace("·", "&middot;")
    return compiled_html(inlined, outputs)  # an English letter then holds nothing but ASCII, and needs no encoding
