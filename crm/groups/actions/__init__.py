"""The verbs of groups, by what they are about."""

from crm.groups.actions.groups import (
    GroupKnown,
    change_group,
    close_group,
    create_group,
    hold,
    move_group,
    reopen_group,
)
from crm.groups.actions.members import import_members, meet
from crm.groups.actions.places import ask_place, give_places
from crm.groups.actions.stays import GroupClosed, GroupFull, NotInside, record_joins, record_leaves

__all__ = [
    "GroupClosed",
    "GroupFull",
    "GroupKnown",
    "NotInside",
    "ask_place",
    "change_group",
    "close_group",
    "create_group",
    "give_places",
    "hold",
    "import_members",
    "meet",
    "move_group",
    "record_joins",
    "record_leaves",
    "reopen_group",
]
