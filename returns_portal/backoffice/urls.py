"""Addresses of this face."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from returns_portal.backoffice.views import (
    api_keys,
    appeals,
    branding,
    dashboard,
    domain,
    exchanges,
    gift_codes,
    languages,
    messages,
    new_return,
    order_windows,
    orders,
    policies,
    policy_rules,
    policy_starting,
    policy_trying,
    policy_versions,
    policy_withdrawal,
    providers,
    refund_limit,
    refunds,
    rehearsals,
    repairs,
    reports,
    resolution,
    returns,
    review,
    risk,
    station,
    stock,
    tasks,
    team,
    texts,
    withdrawals,
)
from returns_portal.core.views import broken

handler500 = broken

_returns = [
    path("returns/", returns.returns, name="returns"),
    path("returns/bulk/", review.bulk, name="returns_bulk"),
    path("returns/new/", new_return.new_return, name="return_new"),
    path("returns/new/<uuid:order_id>/", new_return.new_return_lines, name="return_new_lines"),
    path("returns/<str:number>/", returns.detail, name="return_detail"),
    path("returns/<str:number>/trace/", returns.trace, name="return_trace"),
    path("returns/<str:number>/slip.pdf", returns.slip, name="return_slip"),
    path("returns/<str:number>/label/", returns.label, name="return_label"),
    path("returns/<str:number>/approve/", review.approve, name="return_approve"),
    path("returns/<str:number>/decline/", review.decline, name="return_decline"),
    path("returns/<str:number>/appeal/", appeals.answer, name="return_appeal"),
    path("returns/<str:number>/ask/", review.ask, name="return_ask"),
    path("returns/<str:number>/cancel/", review.cancel, name="return_cancel"),
    path("returns/<str:number>/reopen/", review.reopen, name="return_reopen"),
    path("returns/<str:number>/assign/", review.assign, name="return_assign"),
    path("returns/<str:number>/notes/", review.note, name="return_note"),
    path("returns/<str:number>/label/retry/", review.retry_label, name="return_label_retry"),
    path("returns/<str:number>/tracking/", review.track, name="return_track"),
    path("returns/<str:number>/settle/", resolution.settle, name="return_settle"),
    path("shoppers/", risk.marks, name="marks"),
    path("shoppers/<uuid:mark_id>/off/", risk.unmark, name="unmark"),
    path("photos/<uuid:photo_id>/", returns.photo, name="photo"),
]

_station = [
    path("station/", station.station, name="station"),
    path("station/location/", station.choose_location, name="station_location"),
    path("station/scan/", station.scan, name="station_scan"),
    path("station/<str:number>/", station.station_return, name="station_return"),
    path("station/<str:number>/receive/", station.receive, name="station_receive"),
    path("station/units/<uuid:inspection_id>/", station.inspect, name="station_inspect"),
    path("station/units/<uuid:inspection_id>/photo/", station.unit_photo, name="station_photo"),
]

_money = [
    path("refunds/", refunds.refunds, name="refunds"),
    path("refunds/<uuid:refund_id>/", refunds.refund, name="refund"),
    path("refunds/<uuid:refund_id>/approve/", refunds.approve, name="refund_approve"),
    path("refunds/<uuid:refund_id>/retry/", refunds.send_again, name="refund_retry"),
    path("refunds/<uuid:refund_id>/cancel/", refunds.cancel, name="refund_cancel"),
    path("refunds/<uuid:refund_id>/parts/<uuid:part_id>/paid/", refunds.paid, name="refund_paid"),
    path("repairs/", repairs.repairs, name="repairs"),
    path("repairs/<uuid:repair_id>/start/", repairs.start, name="repair_start"),
    path("repairs/<uuid:repair_id>/send/", repairs.send, name="repair_send"),
    path("repairs/<uuid:repair_id>/give-up/", repairs.give_up, name="repair_give_up"),
    path("exchanges/", exchanges.exchanges, name="exchanges"),
    path("exchanges/<uuid:exchange_id>/ship/", exchanges.ship, name="exchange_ship"),
    path("exchanges/<uuid:exchange_id>/give-up/", exchanges.give_up, name="exchange_give_up"),
    path("exchanges/<uuid:exchange_id>/collect/", exchanges.collect, name="exchange_collect"),
    path("exchanges/<uuid:exchange_id>/instead/", exchanges.instead, name="exchange_instead"),
]

_reading = [
    path("", dashboard.dashboard, name="dashboard"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<uuid:order_id>/", orders.order_detail, name="order"),
    path("orders/<uuid:order_id>/window/", order_windows.grant, name="window_grant"),
    path(
        "orders/<uuid:order_id>/window/<uuid:grant_id>/withdraw/",
        order_windows.withdraw,
        name="window_withdraw",
    ),
    path("orders/<uuid:order_id>/gift-code/", gift_codes.give_out, name="order_gift_code"),
    path("stock/", stock.stock, name="stock"),
    path("stock/movements/", stock.movements, name="movements"),
    path("stock/movements/<uuid:variant_id>/", stock.movements, name="variant_movements"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<slug:name>.csv", reports.report_file, name="report_file"),
    path("withdrawals/<uuid:withdrawal_id>/", withdrawals.withdrawal, name="withdrawal"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<uuid:task_id>/done/", tasks.finish, name="task_done"),
    path("messages/", messages.messages, name="messages"),
    path("messages/<uuid:message_id>/", messages.message, name="message"),
    path("messages/<uuid:message_id>/html/", messages.message_html, name="message_html"),
    path("messages/<uuid:message_id>/again/", messages.resend, name="message_resend"),
]

_REHEARSAL = "policies/rehearsals/<uuid:rehearsal_id>/"
_rehearsals = [
    path("policies/rehearsals/", rehearsals.rehearsals, name="rehearsals"),
    path(_REHEARSAL, rehearsals.rehearsal, name="rehearsal"),
    path(f"{_REHEARSAL}state/", rehearsals.rehearsal_state, name="rehearsal_state"),
    path(f"{_REHEARSAL}cancel/", rehearsals.rehearsal_cancel, name="rehearsal_cancel"),
    path(f"{_REHEARSAL}changed.csv", rehearsals.rehearsal_file, name="rehearsal_file"),
    path(
        f"{_REHEARSAL}returns/<uuid:row_id>/",
        rehearsals.rehearsed_return,
        name="rehearsed_return",
    ),
]

_rules = [
    path("policies/new-rule/", policy_rules.policy_rule_new, name="policy_rule_new"),
    path("policies/rules/<slug:key>/", policy_rules.policy_rule, name="policy_rule"),
    path("policies/rules/<slug:key>/move/", policy_rules.policy_rule_move, name="policy_rule_move"),
    path(
        "policies/rules/<slug:key>/switch/",
        policy_rules.policy_rule_switch,
        name="policy_rule_switch",
    ),
    path(
        "policies/rules/<slug:key>/duplicate/",
        policy_rules.policy_rule_duplicate,
        name="policy_rule_duplicate",
    ),
    path(
        "policies/rules/<slug:key>/delete/",
        policy_rules.policy_rule_delete,
        name="policy_rule_delete",
    ),
]

_settings = [
    path("policies/", policies.policies, name="policies"),
    path("policies/edit/", policies.policy_edit, name="policy_edit"),
    path("policies/withdrawal/", policy_withdrawal.policy_withdrawal, name="policy_withdrawal"),
    path("policies/risk/", risk.risk, name="risk"),
    path("policies/publish/", policies.policy_publish, name="policy_publish"),
    path("policies/start/", policy_starting.policy_start, name="policy_start"),
    path("policies/try/", policy_trying.policy_try, name="policy_try"),
    *_rules,
    path("policies/take-back/", policies.policy_take_back, name="policy_take_back"),
    path(
        "policies/cancel-scheduled/",
        policies.policy_cancel_scheduled,
        name="policy_cancel_scheduled",
    ),
    path("policies/discard/", policies.policy_discard, name="policy_discard"),
    path("policies/versions/", policy_versions.policy_versions, name="policy_versions"),
    path("policies/versions/<int:number>/", policy_versions.policy_version, name="policy_version"),
    path(
        "policies/versions/<int:number>/file/", policy_versions.policy_export, name="policy_export"
    ),
    path(
        "policies/versions/<int:number>/start/",
        policy_versions.policy_start_from,
        name="policy_start_from",
    ),
    path("policies/compare/", policy_versions.policy_compare, name="policy_compare"),
    path("policies/import/", policy_versions.policy_import, name="policy_import"),
    path("policies/schema.json", policy_versions.policy_schema, name="policy_schema"),
    path("settings/branding/", branding.branding, name="branding"),
    path("settings/branding/derive/", branding.derive, name="branding_derive"),
    path("settings/branding/preview/", branding.preview, name="branding_preview"),
    path("settings/branding/preview.css", branding.preview_css, name="branding_css"),
    path("settings/refunds/", refund_limit.refund_limit, name="refund_limit"),
    path("settings/languages/", languages.languages, name="languages"),
    path("settings/texts/", texts.texts, name="texts"),
    path("settings/texts/<slug:language>/export/", texts.texts_export, name="texts_export"),
    path("settings/texts/<slug:language>/import/", texts.texts_import, name="texts_import"),
    path("settings/texts/<slug:language>/<slug:text_key>/", texts.text, name="text"),
    path(
        "settings/texts/<slug:language>/<slug:text_key>/preview/",
        texts.text_preview,
        name="text_preview",
    ),
    path("settings/domain/", domain.domain, name="domain"),
    path("settings/domain/state/", domain.domain_state, name="domain_state"),
    path("settings/domain/<uuid:domain_id>/check/", domain.domain_check, name="domain_check"),
    path("settings/domain/<uuid:domain_id>/remove/", domain.domain_remove, name="domain_remove"),
    path("settings/logo.png", branding.logo, name="logo"),
    path("settings/icon.png", branding.icon, name="icon"),
    path("settings/integrations/", providers.providers, name="providers"),
    path(
        "settings/integrations/new/<slug:role>/<slug:provider>/",
        providers.add_provider,
        name="provider_new",
    ),
    path("settings/integrations/<uuid:account_id>/", providers.edit_provider, name="provider"),
    path(
        "settings/integrations/<uuid:account_id>/status/",
        providers.provider_status,
        name="provider_status",
    ),
    path("settings/locations/new/", providers.new_location, name="location_new"),
    path(
        "settings/locations/<uuid:location_id>/close/",
        providers.end_location,
        name="location_close",
    ),
    path("settings/team/", team.team, name="team"),
    path("settings/team/invite/", team.invite, name="invite"),
    path(
        "settings/team/invitations/<uuid:invitation_id>/withdraw/",
        team.withdraw,
        name="invitation_withdraw",
    ),
    path("settings/team/<uuid:membership_id>/role/", team.change_role, name="member_role"),
    path("settings/team/<uuid:membership_id>/remove/", team.remove, name="member_remove"),
    path("settings/api-keys/", api_keys.api_keys, name="api_keys"),
    path("settings/api-keys/new/", api_keys.create, name="api_key_create"),
    path("settings/api-keys/<uuid:key_id>/revoke/", api_keys.revoke, name="api_key_revoke"),
    path("me/", team.profile, name="profile"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *_reading,
    *_returns,
    *_station,
    *_money,
    *_rehearsals,
    *_settings,
]
