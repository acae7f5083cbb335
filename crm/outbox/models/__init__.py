"""The outbox's tables."""

from crm.outbox.models.hand import AccountUser, HandRecord, SeedingPost, Sender, SenderDay, WritingAs
from crm.outbox.models.letters import CampaignRefusal, Contact, Letter, Touch, Wording
from crm.outbox.models.mail import DkimKey, MailAccount, MailCount, MailLimits, Pace

__all__ = [
    "AccountUser",
    "CampaignRefusal",
    "Contact",
    "DkimKey",
    "HandRecord",
    "Letter",
    "MailAccount",
    "MailCount",
    "MailLimits",
    "Pace",
    "SeedingPost",
    "Sender",
    "SenderDay",
    "Touch",
    "Wording",
    "WritingAs",
]
