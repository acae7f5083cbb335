"""The verbs of this room."""

from crm.fcodes.actions.issuing import issue, revoke
from crm.fcodes.actions.redeeming import CodeRefused, CodeSpent, OwnCode, redeem

__all__ = ["CodeRefused", "CodeSpent", "OwnCode", "issue", "redeem", "revoke"]
