"""Errors are facts. A Refusal is told to the person in plain words; anything else is our fault and becomes a 500."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Something that cannot be done, and what to do instead. `str(refusal)` is shown to the person as it stands."""

    status = 409
    field = ""
    """What of the input is at fault, where it is one thing."""

    def __init__(self, message: Any = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class NotThere(Refusal):
    """What was asked for does not exist (or not for this viewer)."""

    status = 404


class NotAllowed(Refusal):
    status = 403


class NotUnderstood(Refusal):
    """Input that cannot be read as what it should be."""

    status = 422


class MoveRefused(Refusal):
    """A state was not what the move starts from: somebody else was faster, or the move is not in the table."""
