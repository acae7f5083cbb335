"""A file of people comes in, is tried, arrives, and can be taken back."""

from crm.people.actions.importing.arriving import (
    Received,
    add_import,
    describe,
    discard,
    go_on,
    import_or_404,
    receive,
    start,
    upload,
)
from crm.people.actions.importing.previewing import preview
from crm.people.actions.importing.running import cancel_import, counts
from crm.people.actions.importing.undoing import undo

__all__ = [
    "Received",
    "add_import",
    "cancel_import",
    "counts",
    "describe",
    "discard",
    "go_on",
    "import_or_404",
    "preview",
    "receive",
    "start",
    "undo",
    "upload",
]
