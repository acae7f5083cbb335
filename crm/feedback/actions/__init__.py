"""The verbs of this room."""

from crm.feedback.actions.answering import answer, move
from crm.feedback.actions.supporting import recompute, support, support_many, withdraw_support
from crm.feedback.actions.writing import withdraw_request, write_request

__all__ = [
    "answer",
    "move",
    "recompute",
    "support",
    "support_many",
    "withdraw_request",
    "withdraw_support",
    "write_request",
]
