"""The find-me page: one HTML file in which people look for their name on the boot screen, search it, and zoom in.

It holds everything that it needs and may load nothing: its security policy names its own style and scripts by their
hashes, and pictures come as data. Names are text, never markup. Without scripts the pages and names are still there.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

from boot_screen.contrast import LEAST_CONTRAST, contrast, luminance
from boot_screen.draw import Master
from boot_screen.layout import Layout, Page
from boot_screen.outputs.whole import whole_file
from boot_screen.sanitise import sanitise
from boot_screen.scene import Colour, Palette

FOLDER = Path(__file__).parent / "find_me_page"
_HAS_SCRIPT = "document.documentElement.className = 'app';"
_LINE_INK = 0.28  # of the way from the ground to the ink
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def save_find_me(layout: Layout, masters: Iterable[Master], path: Path) -> None:
    """Write the page for all pages of the layout; `masters` are taken one by one."""
    with whole_file(path) as file:
        for part in _document(layout, masters):
            file.write(part.encode())


def _document(layout: Layout, masters: Iterable[Master]) -> Iterator[str]:
    style = _style(layout.scene.palette)
    script = _asset("find_me.js")
    yield _head(layout, style, script)
    yield _header(layout)
    yield _asset("find_me.html")
    yield "<main>\n"
    pages: list[dict[str, Any]] = []
    given: dict[int, str] = {}
    count = 0
    for page, master in zip(layout.pages, masters, strict=True):
        yield _section(layout, page, master)
        pages.append(_places(page))
        given |= {count + place: each.name.original for place, each in enumerate(page.names) if each.name.changes}
        count += len(page.names)
    screen = layout.scene.screen
    yield "</main>\n"
    yield _data({"screen": [screen.width, screen.height], "pages": pages, "given": given})
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def _head(layout: Layout, style: str, script: str) -> str:
    scripts = f"{_hash(_HAS_SCRIPT)} {_hash(script)}"
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_title(layout)}</title>
<style>{style}</style>
<script>{_HAS_SCRIPT}</script>
</head>
<body>
"""


def _title(layout: Layout) -> str:
    return _shown(layout.scene.title) or "Find a name"


def _header(layout: Layout) -> str:
    subtitle = _shown(layout.scene.subtitle)
    below = f'<p dir="auto">{subtitle}</p>\n' if subtitle else ""
    return f'<header>\n<h1 dir="auto">{_title(layout)}</h1>\n{below}</header>\n'


def _section(layout: Layout, page: Page, master: Master) -> str:
    """A page: its picture, and its names as text, one a line."""
    number, count = page.number, len(page.names)
    label = f"Page {number} of {len(layout.pages)}" if len(layout.pages) > 1 else "The names"
    names = "\n".join(escape(each.name.line.text) for each in page.names)
    size = f'width="{master.image.width}" height="{master.image.height}"'
    return (
        f'<section class="page" id="page-{number}">\n<h2>{label}</h2>\n'
        f'<img alt="{label}, drawn; the same names stand below as text" {size} src="{_picture(master)}">\n'
        f"<details><summary>Names as text ({count:,})</summary>\n"
        f'<p class="names" translate="no">{names}</p>\n</details>\n</section>\n'
    )


def _picture(master: Master) -> str:
    """A PNG as data, a third smaller than those for devices and twice as slow to make."""
    out = BytesIO()
    master.image.save(out, "PNG", bits=8, compress_level=6)
    return f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"


def _places(page: Page) -> dict[str, Any]:
    """Where the names of a page stand, in the order of its text: `rows` are their top and how many names they hold."""
    boxes = [each.words.box for each in page.names]
    return {
        "ids": [each.name.id for each in page.names],
        "rows": [[top, len(list(row))] for top, row in groupby(box.y for box in boxes)],
        "x": [box.x for box in boxes],
        "w": [box.width for box in boxes],
        "height": boxes[0].height,
    }


def _data(data: dict[str, Any]) -> str:
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="places">{text}</script>\n'


def _style(palette: Palette) -> str:
    ground = palette.ground
    colours = {
        "ground": ground,
        "ink": legible(palette.names, ground),
        "accent": legible(palette.title, ground),
        "quiet": legible(palette.subtitle, ground),
        "line": tuple(round(low + (high - low) * _LINE_INK) for low, high in zip(ground, palette.names, strict=True)),
    }
    named = "".join(f"--{name}:#{bytes(colour).hex()};" for name, colour in colours.items())
    scheme = "dark" if luminance(ground) < luminance(palette.names) else "light"
    shade = " ".join(map(str, ground))
    return f":root{{color-scheme:{scheme};{named}--shade:{shade}}}\n{_asset('find_me.css')}"


def legible(ink: Colour, ground: Colour) -> Colour:
    """The ink if it can be read on the ground as text of any size, otherwise black or white, whichever can."""
    if contrast(ink, ground) >= LEAST_CONTRAST:
        return ink
    return max(_BLACK, _WHITE, key=lambda colour: contrast(colour, ground))


def _shown(text: str) -> str:
    """A title as it is drawn, as markup."""
    return escape(sanitise(text)[0])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
