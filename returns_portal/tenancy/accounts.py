"""Signing in through django-allauth: by invitation only, never by open sign-up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Close open sign-up: people join a merchant's team through an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
