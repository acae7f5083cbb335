"""The verbs of groups, by what they are about."""

from crm.groups.actions.groups import GroupKnown, change_group, close_group, create_group, hold, reopen_group
from crm.groups.actions.members import import_members, meet
from crm.groups.actions.stays import GroupClosed, GroupFull, NotInside, record_joins, record_leaves, take_back_join

__all__ = [
    "GroupClosed",
    "GroupFull",
    "GroupKnown",
    "NotInside",
    "change_group",
    "close_group",
    "create_group",
    "hold",
    "import_members",
    "meet",
    "record_joins",
    "record_leaves",
    "reopen_group",
    "take_back_join",
]
