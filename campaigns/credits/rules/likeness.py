"""How alike two names look: names of one likeness may be taken for one another. Pure.

Built on the skeleton of UTS #39, which writes characters that look alike as one of them. Its table is Unicode's
confusables.txt as the package unhomoglyph carries it; `python3 dev.py vendor` copies it, `flask credits rebuild`
computes the stored likenesses anew after that.
"""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from pathlib import Path

import regex

TABLE = Path(__file__).with_name("confusables") / "confusables.json"
_UNSEEN = regex.compile(r"[\s\p{C}\p{Default_Ignorable_Code_Point}]+")


@lru_cache(maxsize=1)
def _prototypes() -> dict[int, str]:
    return {ord(character): prototype for character, prototype in json.loads(TABLE.read_text("utf-8")).items()}


def skeleton(text: str) -> str:
    """UTS #39's skeleton, without white space and what nobody sees. Not for reading: an m becomes r and n."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", seen.translate(_prototypes()))


def likeness(name: str) -> str:
    """What is stored of a name: its skeleton in any case and width. Empty when nothing of the name is seen.

    I, l and 1 are alike in most typefaces, so i goes with them.
    """
    plain = unicodedata.normalize("NFKC", name)
    return skeleton(skeleton(plain).casefold()).replace("i", "l")


def likenesses(name: str) -> frozenset[str]:
    """What is asked for: a letter's other case may look like another letter, so the name is asked for in each."""
    return frozenset(filter(None, map(likeness, (name, name.lower(), name.upper()))))
