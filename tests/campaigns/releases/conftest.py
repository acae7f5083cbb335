"""The fixtures of this room's tests."""

from tests.campaigns.releases.cast import build, release, train

__all__ = ["build", "release", "train"]
