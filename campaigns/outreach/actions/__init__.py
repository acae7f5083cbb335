"""The verbs of campaigns."""

from campaigns.outreach.actions.drafting import create_campaign, edit_campaign, set_senders, set_stops
from campaigns.outreach.actions.guarding import pause_where_too_much
from campaigns.outreach.actions.planning import plan
from campaigns.outreach.actions.previewing import preview, send_test
from campaigns.outreach.actions.running import finish, look_after, pause, resume, set_campaign_pace, start
from campaigns.outreach.actions.sequence import advance, stop_answered
from campaigns.outreach.actions.starting import approve, ask_to_start, start_asked, start_by_job, start_due, take_back
from campaigns.outreach.actions.steps import NewStep, Wait, put_step, remove_step, set_step

__all__ = [
    "NewStep",
    "Wait",
    "advance",
    "approve",
    "ask_to_start",
    "create_campaign",
    "edit_campaign",
    "finish",
    "look_after",
    "pause",
    "pause_where_too_much",
    "plan",
    "preview",
    "put_step",
    "remove_step",
    "resume",
    "send_test",
    "set_campaign_pace",
    "set_senders",
    "set_step",
    "set_stops",
    "start",
    "start_asked",
    "start_by_job",
    "start_due",
    "stop_answered",
    "take_back",
]
