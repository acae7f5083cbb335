"""The verbs of campaigns."""

from campaigns.outreach.actions.drafting import create_campaign, edit_campaign, set_step
from campaigns.outreach.actions.guarding import pause_where_too_much
from campaigns.outreach.actions.planning import next_letters, plan
from campaigns.outreach.actions.previewing import preview, send_test
from campaigns.outreach.actions.running import finish, look_after, pause, resume, set_campaign_pace, start

__all__ = [
    "create_campaign",
    "edit_campaign",
    "finish",
    "look_after",
    "next_letters",
    "pause",
    "pause_where_too_much",
    "plan",
    "preview",
    "resume",
    "send_test",
    "set_campaign_pace",
    "set_step",
    "start",
]
