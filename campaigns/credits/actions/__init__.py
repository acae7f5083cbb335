"""The verbs of this room."""

from campaigns.credits.actions.asking import ask_some, remind_some, start_round
from campaigns.credits.actions.consents import (
    answer_consent,
    answer_many,
    hide_name,
    rebuild_likenesses,
    show_name,
)
from campaigns.credits.actions.drawing import Drawn, draw_first, draw_name, store_silhouette
from campaigns.credits.actions.editions import (
    change_edition,
    create_edition,
    freeze_edition,
    publish,
    reopen_edition,
    ship,
    trial_of,
)
from campaigns.credits.actions.lighting import light_up
from campaigns.credits.actions.rendering import draw_some, forget_names, render_edition

__all__ = [
    "Drawn",
    "answer_consent",
    "answer_many",
    "ask_some",
    "change_edition",
    "create_edition",
    "draw_first",
    "draw_name",
    "draw_some",
    "forget_names",
    "freeze_edition",
    "hide_name",
    "light_up",
    "publish",
    "rebuild_likenesses",
    "remind_some",
    "render_edition",
    "reopen_edition",
    "ship",
    "show_name",
    "start_round",
    "store_silhouette",
    "trial_of",
]
