"""The visual order of a line by the Unicode bidirectional algorithm (UAX #9), over grapheme clusters."""

import unicodedata
from collections.abc import Sequence

import regex
from bidi import algorithm
from bidi.mirror import MIRRORED

_RIGHT_TO_LEFT = regex.compile(r"[\p{Bidi_Class=R}\p{Bidi_Class=AL}\p{Bidi_Class=AN}]")
_NEUTRAL = "\ufffc"


def levels(clusters: Sequence[str]) -> list[int]:
    """The embedding level of each cluster, taken from its first character. Explicit controls must be gone already."""
    if not _RIGHT_TO_LEFT.search("".join(clusters)):
        return [0] * len(clusters)
    text = "".join(map(_representative, clusters))
    storage = algorithm.get_empty_storage()
    storage["base_level"] = algorithm.get_base_level(text)
    storage["base_dir"] = "LR"[storage["base_level"]]
    algorithm.get_embedding_levels(text, storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    return [char["level"] for char in storage["chars"]]


def _representative(cluster: str) -> str:
    """Its first character, unless the algorithm would drop it (BN) or this Python does not know its class yet ("")."""
    return _NEUTRAL if unicodedata.bidirectional(cluster[0]) in ("", "BN") else cluster[0]


def visual_order(run_levels: Sequence[int]) -> list[int]:
    """Positions of runs from left to right (rule L2)."""
    order = list(range(len(run_levels)))
    for level in range(max(run_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and run_levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = end + 1
    return order


def mirrored(text: str) -> str:
    """Characters of a right-to-left run that are drawn one by one: reversed, brackets turned."""
    return "".join(MIRRORED.get(char, char) for char in reversed(text))
