"""The outbox's tables."""

from crm.outbox.models.hand import AccountUser, HandRecord, SeedingPost, Sender, SenderDay, WritingAs
from crm.outbox.models.letters import CampaignRefusal, Contact, Letter, Touch, Wording
from crm.outbox.models.mail import DkimKey, MailAccount, MailCount, MailLimits, Pace, Repeat, UncertainDefault

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
    "Repeat",
    "SeedingPost",
    "Sender",
    "SenderDay",
    "Touch",
    "UncertainDefault",
    "Wording",
    "WritingAs",
]
