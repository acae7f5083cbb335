"""How states and reasons are called on pages."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext, pgettext

from campaigns.outreach.actions.sequence import CANCELLED
from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.rules import CAMPAIGN_STOPPED, CampaignState, LeftOut, Only, PlaceState, Stop
from campaigns.outreach.rules.law import Warn

STATES = {
    CampaignState.DRAFT: lazy_pgettext("campaign", "draft"),
    CampaignState.APPROVAL: lazy_pgettext("campaign", "waits for a second person"),
    CampaignState.SCHEDULED: lazy_pgettext("campaign", "will start by itself"),
    CampaignState.RUNNING: lazy_pgettext("campaign", "running"),
    CampaignState.PAUSED: lazy_pgettext("campaign", "paused"),
    CampaignState.FINISHED: lazy_pgettext("campaign", "finished"),
}
TONES = {
    CampaignState.DRAFT: "quiet",
    CampaignState.APPROVAL: "waiting",
    CampaignState.SCHEDULED: "waiting",
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
STOPS = {
    Stop.JOINED: _l("they joined"),
    Stop.REPLIED: _l("they replied"),
    Stop.REFUSED: _l("they asked to be left alone"),
    Stop.BOUNCED: _l("a letter came back"),
}
CONDITIONS = {
    Only.EVERYBODY: _l("everybody"),
    Only.NOT_REPLIED: _l("only those who have not replied"),
    Only.REPLIED: _l("only those who have replied"),
    Only.NOT_OPENED: _l("only those who have not opened their link"),
    Only.OPENED: _l("only those who have opened their link"),
    Only.NOT_JOINED: _l("only those who have not joined"),
    Only.JOINED: _l("only those who have joined"),
}
PLACES = {
    PlaceState.WAITING: _l("waiting for the next step"),
    PlaceState.DONE: _l("at the end"),
    PlaceState.STOPPED: _l("ended early"),
    PlaceState.LEFT_OUT: _l("left out"),
}
WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
WARNINGS = {
    Warn.CN_CONSENT: _l(
        "China: commercial letters need the consent of who gets them; it is not recorded for these people."
    ),
    Warn.CN_MARK: _l(
        "China: the subject of an advertising letter begins with “AD” or “（广告）”; not all of yours do."
    ),
    Warn.EU_BASIS: _l("EU: a letter needs consent or a legitimate interest; neither is recorded for these people."),
    Warn.UK_BASIS: _l("UK: a letter needs consent or a legitimate interest; neither is recorded for these people."),
    Warn.CA_CONSENT: _l("Canada: a commercial letter needs consent; it is not recorded for these people."),
    Warn.US_ADDRESS: _l("USA: a commercial letter carries a postal address; the programme has none."),
}


def state_word(campaign: Campaign) -> str:
    return str(pgettext("campaign", "stopped") if campaign.stopped else STATES[campaign.state])


def why_word(why: str) -> str:
    """What stopped somebody, what left them out, or whose condition passed them by."""
    if why == CANCELLED:
        return str(_("their letter was cancelled"))
    if why == CAMPAIGN_STOPPED:
        return str(_("the campaign was stopped"))
    for words in (STOPS, REASONS):
        for key, word in words.items():
            if key.value == why:
                return str(word)
    if why in set(Only):
        return str(_("a step was not for them: %(condition)s", condition=CONDITIONS[Only(why)]))
    return why


def wait_words(step: CampaignStep) -> str:
    """How long a step waits, as a sentence's part; "" when it does not."""
    days, rest = divmod(step.after_hours, 24)
    parts = []
    if rest:
        hours = step.after_hours
        parts.append(ngettext("wait %(n)s hour", "wait %(n)s hours", hours, n=hours))
    elif days:
        parts.append(ngettext("wait %(n)s day", "wait %(n)s days", days, n=days))
    if step.on_weekday is not None and step.at_time:
        parts.append(_("until %(day)s, %(time)s their time", day=WEEKDAYS[step.on_weekday], time=step.at_time))
    elif step.on_weekday is not None:
        parts.append(_("until %(day)s", day=WEEKDAYS[step.on_weekday]))
    elif step.at_time:
        parts.append(_("until %(time)s their time", time=step.at_time))
    return str(_(", ")).join(parts)
