"""The tables of the weekly train."""

from campaigns.releases.models.releases import Release, ReleaseHour, Wave
from campaigns.releases.models.reports import ReportReminder, WeeklyReport
from campaigns.releases.models.trains import Train, TrainHoliday, TrainWave

__all__ = ["Release", "ReleaseHour", "ReportReminder", "Train", "TrainHoliday", "TrainWave", "Wave", "WeeklyReport"]
