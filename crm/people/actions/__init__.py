"""The verbs of this room."""

from crm.people.actions.exporting import export_person, export_zip
from crm.people.actions.forgetting import forget, forgettable, reapply
from crm.people.actions.known import (
    IdentityTaken,
    add_identity,
    add_person,
    add_source,
    edit_person,
    make_origin,
    remove_identity,
)
from crm.people.actions.labels import add_note, assign, remove_note, tag, untag
from crm.people.actions.merging import accept_proposal, merge, reject_proposal, unmerge
from crm.people.actions.suppressing import suppress, unsuppress

__all__ = [
    "IdentityTaken",
    "accept_proposal",
    "add_identity",
    "add_note",
    "add_person",
    "add_source",
    "assign",
    "edit_person",
    "export_person",
    "export_zip",
    "forget",
    "forgettable",
    "make_origin",
    "merge",
    "reapply",
    "reject_proposal",
    "remove_identity",
    "remove_note",
    "suppress",
    "tag",
    "unmerge",
    "unsuppress",
    "untag",
]
