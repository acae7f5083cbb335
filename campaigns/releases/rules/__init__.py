"""The weekly train: its states, its calendar. Pure."""

from campaigns.releases.rules.releases import (
    RELEASE_MOVES,
    STAYS_OPEN,
    WAVES,
    WEEKS_AHEAD,
    ReleaseState,
    WaveKind,
    mark,
    opens_at,
)

__all__ = ["RELEASE_MOVES", "STAYS_OPEN", "WAVES", "WEEKS_AHEAD", "ReleaseState", "WaveKind", "mark", "opens_at"]
