"""What is known of accounts: who is looking, who is a tester, who is staff, what they sign in with."""

from crm.accounts.queries.journal import journal_actors, journal_query
from crm.accounts.queries.signing_in import (
    TOKEN_PREFIX,
    api_tokens_of,
    browser_name,
    credential_by_mail,
    credential_of,
    credential_with,
    open_sessions,
    recovery_codes_left,
)
from crm.accounts.queries.staff import StaffMember, roles_of, staff_ids, staff_members, staff_people, staff_who_may
from crm.accounts.queries.testers import (
    AgreementVersion,
    agreement_text,
    agreement_versions,
    agreements_of,
    is_tester,
    newest_version,
    running_agreement,
    running_agreements,
    testers,
)
from crm.accounts.queries.viewers import Viewer, viewer_of_session, viewer_of_token

__all__ = [
    "TOKEN_PREFIX",
    "AgreementVersion",
    "StaffMember",
    "Viewer",
    "agreement_text",
    "agreement_versions",
    "agreements_of",
    "api_tokens_of",
    "browser_name",
    "credential_by_mail",
    "credential_of",
    "credential_with",
    "is_tester",
    "journal_actors",
    "journal_query",
    "newest_version",
    "open_sessions",
    "recovery_codes_left",
    "roles_of",
    "running_agreement",
    "running_agreements",
    "staff_ids",
    "staff_members",
    "staff_people",
    "staff_who_may",
    "testers",
    "viewer_of_session",
    "viewer_of_token",
]
