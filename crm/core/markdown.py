"""Light Markdown as HTML for pages and letters: no raw HTML, no pictures, links to the web and mail only."""

from __future__ import annotations

import re

import nh3
from markdown_it import MarkdownIt

RULES = ["newline", "list", "heading", "hr", "blockquote", "emphasis", "link", "autolink"]
RULES += ["escape", "entity", "balance_pairs"]
KEPT = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "h1", "h2", "h3"}
BARE_URL = re.compile(
    r"(?<![\w(<\[\"'/@=])https?://[^\s<>()\[\]\"'，。；：！？、）】」》]+[^\s<>()\[\]\"'，。；：！？、）】」》.,;:!?]"
)

_markdown = MarkdownIt("zero", {"breaks": True, "html": False}).enable(RULES)


def as_html(text: str) -> str:
    """A line break stays one; a bare web address is a link."""
    html = _markdown.render(BARE_URL.sub(r"<\g<0>>", text))
    return nh3.clean(
        html, tags=KEPT, attributes={"a": {"href"}}, link_rel=None, url_schemes={"http", "https", "mailto"}
    )


def under_heading(text: str, level: int) -> str:
    """The same below a heading of this level of the page it stands in: its own headings go one deeper."""
    html = as_html(text)
    return re.sub(r"<(/?)h([1-3])>", lambda tag: f"<{tag[1]}h{min(6, int(tag[2]) + level)}>", html)
