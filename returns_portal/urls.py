"""The addresses outside any merchant's own space; the faces' own are in their packages."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import include, path, re_path
from django.views.generic import RedirectView, TemplateView

from returns_portal.backoffice.views.joining import accept, merchants
from returns_portal.core.views import broken, health
from returns_portal.integrations.views import webhook
from returns_portal.tenancy.views import known_domain

# Sign-in by invitation only: allauth's sign-up and e-mail management are not routed.
accounts = [
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path(
        "accounts/signup/",
        TemplateView.as_view(template_name="account/signup_closed.html"),
        name="account_signup",
    ),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/password/set/", account.password_set, name="account_set_password"),
    path("accounts/password/reset/", account.password_reset, name="account_reset_password"),
    path(
        "accounts/password/reset/done/",
        account.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]

handler500 = broken

urlpatterns = [
    path("", RedirectView.as_view(url="/app/", permanent=False), name="home"),
    path("healthz", health, name="health"),
    path("domains/ask", known_domain, name="known_domain"),
    path("api/v1/", include("returns_portal.api.urls")),
    path("hooks/<str:token>/", webhook, name="webhook"),
    path("app/", merchants, name="merchants"),
    path("invitations/<str:token>/", accept, name="accept_invitation"),
    *accounts,
]
