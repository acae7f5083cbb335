"""The verbs of releases, by what they are about."""

from campaigns.releases.actions.moves import cancel_release, close_release, move, plan_again
from campaigns.releases.actions.opening import begin_opening, open_chunk, open_release
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
    "move",
    "open_chunk",
    "open_release",
    "plan_again",
    "plan_release",
    "prepare_weeks",
]
