"""What every template may name."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, object]:
    """Give templates the product's name, the request's id and the account pages' addresses.

    The account pages live outside the merchants' URL spaces, so ``{% url %}`` can't reach them.
    """
    return {
        "product_name": settings.PRODUCT_NAME,
        "request_id": getattr(request, "request_id", ""),
        "account_urls": {
            "login": "/accounts/login/",
            "logout": "/accounts/logout/",
            "password_change": "/accounts/password/change/",
            "merchants": "/app/",
        },
    }
