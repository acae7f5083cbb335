"""The verbs of releases, by what they are about."""

from campaigns.releases.actions.letters import letter_texts
from campaigns.releases.actions.moves import cancel_release, close_release, move, plan_again
from campaigns.releases.actions.opening import (
    begin_opening,
    finish_opening,
    go_on_opening,
    open_chunk,
    open_release,
    start_opening,
)
from campaigns.releases.actions.planning import WeekTaken, change_release, plan_release, prepare_weeks
from campaigns.releases.actions.trains import TrainKnown, change_train, create_train

__all__ = [
    "TrainKnown",
    "WeekTaken",
    "begin_opening",
    "cancel_release",
    "change_release",
    "change_train",
    "close_release",
    "create_train",
    "finish_opening",
    "go_on_opening",
    "letter_texts",
    "move",
    "open_chunk",
    "open_release",
    "plan_again",
    "plan_release",
    "prepare_weeks",
    "start_opening",
]
