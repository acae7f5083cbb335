"""Which kinds of chat rooms there are. Pure."""

from __future__ import annotations

GROUP_KINDS = ("qq", "wechat", "matrix", "telegram")
MOST_PLACES = 1_000_000
BASIS = "member of our group"
