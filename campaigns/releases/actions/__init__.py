"""The verbs of releases, by what they are about."""

from campaigns.releases.actions.counting import count_again, count_release
from campaigns.releases.actions.freezing import (
    NothingToFreeze,
    freeze_or_hold,
    freeze_release,
    stop_without_build,
)
from campaigns.releases.actions.holding import hold_release, move_letters, resume_release, roll_back
from campaigns.releases.actions.letters import (
    ALL,
    in_all,
    letter_texts,
)
from campaigns.releases.actions.moves import (
    cancel_release,
    close_release,
    end_release,
    let_go,
    move,
    plan_again,
)
from campaigns.releases.actions.opening import (
    begin_opening,
    finish_opening,
    go_on_giving,
    go_on_opening,
    open_chunk,
    open_release,
    overrule,
    rehearse,
    start_opening,
    welcome_late,
)
from campaigns.releases.actions.planning import (
    TurnTaken,
    change_release,
    follow_zones,
    plan_release,
    prepare_weeks,
    skip_turn,
    unskip_turn,
)
from campaigns.releases.actions.trains import (
    StillPlanned,
    TrainKnown,
    change_train,
    course_of,
    create_train,
    version_of,
)

__all__ = [
    "ALL",
    "NothingToFreeze",
    "StillPlanned",
    "TrainKnown",
    "TurnTaken",
    "begin_opening",
    "cancel_release",
    "change_release",
    "change_train",
    "close_release",
    "count_again",
    "count_release",
    "course_of",
    "create_train",
    "end_release",
    "finish_opening",
    "follow_zones",
    "freeze_or_hold",
    "freeze_release",
    "go_on_giving",
    "go_on_opening",
    "hold_release",
    "in_all",
    "let_go",
    "letter_texts",
    "move",
    "move_letters",
    "open_chunk",
    "open_release",
    "overrule",
    "plan_again",
    "plan_release",
    "prepare_weeks",
    "rehearse",
    "resume_release",
    "roll_back",
    "skip_turn",
    "start_opening",
    "stop_without_build",
    "unskip_turn",
    "version_of",
    "welcome_late",
]
