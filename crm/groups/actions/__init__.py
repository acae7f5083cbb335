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
from crm.groups.actions.keys import drop_key, make_key, read_key
from crm.groups.actions.matrix import (
    NotConnected,
    connect_room,
    connected,
    disconnect_room,
    note_trouble,
    reading_of,
    take_news,
)
from crm.groups.actions.members import import_members, meet
from crm.groups.actions.places import ask_place, give_places
from crm.groups.actions.room_events import take_events
from crm.groups.actions.stays import GroupClosed, GroupFull, NotInside, record_joins, record_leaves, take_back_join

__all__ = [
    "GroupClosed",
    "GroupFull",
    "GroupKnown",
    "NotConnected",
    "NotInside",
    "ask_place",
    "change_group",
    "close_group",
    "connect_room",
    "connected",
    "create_group",
    "disconnect_room",
    "drop_key",
    "give_places",
    "hold",
    "import_members",
    "make_key",
    "meet",
    "move_group",
    "note_trouble",
    "read_key",
    "reading_of",
    "record_joins",
    "record_leaves",
    "reopen_group",
    "take_back_join",
    "take_events",
    "take_news",
]
