"""The tables of the weekly train."""

from campaigns.releases.models.releases import Release, Wave
from campaigns.releases.models.trains import Train, TrainHoliday, TrainWave

__all__ = ["Release", "Train", "TrainHoliday", "TrainWave", "Wave"]
