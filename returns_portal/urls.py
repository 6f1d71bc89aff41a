"""The addresses outside any merchant's own space; the faces' own are in their packages."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from returns_portal.core.views import health
from returns_portal.integrations.views import webhook

urlpatterns = [
    path("", RedirectView.as_view(url="/app/", permanent=False), name="home"),
    path("healthz", health, name="health"),
    path("hooks/<str:token>/", webhook, name="webhook"),
]
