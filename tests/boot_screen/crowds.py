"""Names by the thousand, as they come and as no one should write them."""

import random

from boot_screen import Name

_PIECES = (
    "\0", "\n", "\r\n", "\t", "\u2028", "\ud800", "\udfff", "\u202e", "\u2066", "\u200b", "\u200d", "\u200c", "\ufeff",
    "\ufe0f", "\ufe0e", "\u115f", "\u3164", "\ufffe", "\ue000", "\U000f0000", "\U0010ffff", "\U000e0041", "\u0301",
    "\u0489", "\u20e3", "\u0e49", "\u064b", "\u0334", "a\u0301\u0301\u0301\u0301", "g" + "\u0336" * 40,
    "\u0e01" + "\u0e49" * 30, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e8\U0001f1f3", "\U0001f1e8",
    "\U0001f3ff", "\U0001f44d\U0001f3fd", "\u2764\ufe0f", "1\ufe0f\u20e3", "\u0645\u062d\u0645\u062f",
    "\u05d3\u05d5\u05d3", "\u0915\u094d\u0937", "\u1112\u1161\u11ab", "\u1161", "\ufdfd", "\u4e00", "\U00020000",
    "\u9f98", "e\u0301", "\u212b", "\ufb01", "\u00df", "A", "lin", "_", "  ", "<script>", "&amp;", "%s", "../", "'",
)  # fmt: skip


def hostile_names(count: int, seed: int = 1) -> list[Name]:
    """Control characters, halves of pairs, piles of marks, turned and empty names, some far too long."""
    dice = random.Random(seed)
    return [Name(f"h{number}", _one(dice)) for number in range(count)]


def _one(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.02:
        return dice.choice(_PIECES) * dice.choice((100, 1_000))
    if kind < 0.1:
        return "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randrange(8)))
    return "".join(dice.choices(_PIECES, k=dice.randrange(7)))
