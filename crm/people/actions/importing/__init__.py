"""A file of people comes in, is tried, arrives, and can be taken back."""

from crm.people.actions.importing.arriving import (
    Received,
    add_import,
    describe,
    discard,
    go_on,
    import_of,
    import_or_404,
    kept_if_named,
    receive,
    say_what_it_is,
    start,
    upload,
)
from crm.people.actions.importing.previewing import preview, samples, try_out
from crm.people.actions.importing.running import cancel_import, counts
from crm.people.actions.importing.sweeping import sweep_files
from crm.people.actions.importing.undoing import undo

__all__ = [
    "Received",
    "add_import",
    "cancel_import",
    "counts",
    "describe",
    "discard",
    "go_on",
    "import_of",
    "import_or_404",
    "kept_if_named",
    "preview",
    "receive",
    "samples",
    "say_what_it_is",
    "start",
    "sweep_files",
    "try_out",
    "undo",
    "upload",
]
