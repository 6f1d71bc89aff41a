"""The ASGI entry point, for servers that speak it."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from returns_portal.core.checks import refuse_unbound_role

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "returns_portal.settings")
application = get_asgi_application()
refuse_unbound_role()
