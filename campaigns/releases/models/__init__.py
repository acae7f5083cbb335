"""The tables of the weekly train."""

from campaigns.releases.models.releases import (
    Release,
    Train,
    Wave,
)

__all__ = [
    "Release",
    "Train",
    "Wave",
]
