"""Every permission and which role holds it: one table, nowhere else."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a member of staff, or an API key, may do."""

    RETURNS_VIEW = "returns:view"
    RETURNS_CREATE = "returns:create"
    RETURNS_DECIDE = "returns:decide"
    RETURNS_NOTE = "returns:note"
    GOODS_RECEIVE = "goods:receive"
    GOODS_INSPECT = "goods:inspect"
    STOCK_VIEW = "stock:view"
    REFUNDS_VIEW = "refunds:view"
    REFUNDS_GRANT = "refunds:grant"
    REFUNDS_SEND = "refunds:send"
    ORDERS_VIEW = "orders:view"
    ORDERS_IMPORT = "orders:import"
    REPORTS_VIEW = "reports:view"
    MESSAGES_VIEW = "messages:view"
    POLICY_EDIT = "policy:edit"
    SETTINGS_EDIT = "settings:edit"
    TEAM_EDIT = "team:edit"


class Role(StrEnum):
    """A member's part in a merchant's team."""

    OWNER = "owner"
    MANAGER = "manager"
    AGENT = "agent"
    WAREHOUSE = "warehouse"
    FINANCE = "finance"
    ANALYST = "analyst"


_P = Permission
_SEE = frozenset({_P.RETURNS_VIEW, _P.ORDERS_VIEW})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.MANAGER: frozenset(Permission) - {_P.TEAM_EDIT},
    Role.AGENT: _SEE
    | {
        _P.RETURNS_CREATE,
        _P.RETURNS_DECIDE,
        _P.RETURNS_NOTE,
        _P.REFUNDS_VIEW,
        _P.REFUNDS_GRANT,
        _P.MESSAGES_VIEW,
    },
    Role.WAREHOUSE: _SEE | {_P.RETURNS_NOTE, _P.GOODS_RECEIVE, _P.GOODS_INSPECT, _P.STOCK_VIEW},
    Role.FINANCE: _SEE
    | {
        _P.RETURNS_NOTE,
        _P.REFUNDS_VIEW,
        _P.REFUNDS_GRANT,
        _P.REFUNDS_SEND,
        _P.REPORTS_VIEW,
        _P.MESSAGES_VIEW,
    },
    Role.ANALYST: _SEE | {_P.REPORTS_VIEW, _P.REFUNDS_VIEW, _P.STOCK_VIEW},
}


def permissions_of(role: str) -> frozenset[str]:
    """Return the permissions a role holds, as plain text values."""
    return frozenset(permission.value for permission in ROLE_PERMISSIONS[Role(role)])
