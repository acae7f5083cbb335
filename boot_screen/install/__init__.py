"""How each format gets onto its device, as a text to send along."""

from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parent


def install_notes(forms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each format with its notes, Markdown in English and Chinese."""
    for form in forms:
        path = FOLDER / f"{form}.md"
        if path.exists():
            yield form, path.read_text("utf-8")
