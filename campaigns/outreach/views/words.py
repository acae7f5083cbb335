"""How states and reasons are called on pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from campaigns.outreach.rules import CampaignState, LeftOut

STATES = {
    CampaignState.DRAFT: lazy_pgettext("campaign", "draft"),
    CampaignState.RUNNING: lazy_pgettext("campaign", "running"),
    CampaignState.PAUSED: lazy_pgettext("campaign", "paused"),
    CampaignState.FINISHED: lazy_pgettext("campaign", "finished"),
}
TONES = {
    CampaignState.DRAFT: "quiet",
    CampaignState.RUNNING: "going",
    CampaignState.PAUSED: "waiting",
    CampaignState.FINISHED: "done",
}
REASONS = {
    LeftOut.STAFF: _l("staff"),
    LeftOut.DECLINED: _l("asked to be left alone"),
    LeftOut.SUPPRESSED: _l("on the suppression list"),
    LeftOut.NO_BASIS: _l("no source with a basis of contact"),
    LeftOut.NO_IDENTITY: _l("cannot be reached there"),
    LeftOut.WRITTEN_TO: _l("written to before"),
}
