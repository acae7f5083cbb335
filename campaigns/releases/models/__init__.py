"""The tables of the weekly train."""

from campaigns.releases.models.releases import Release, ReleaseHour, Wave
from campaigns.releases.models.trains import Train, TrainHoliday, TrainWave

__all__ = ["Release", "ReleaseHour", "Train", "TrainHoliday", "TrainWave", "Wave"]
