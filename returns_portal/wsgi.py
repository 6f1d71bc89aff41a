"""The WSGI entry point of production web servers."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from returns_portal.core.checks import refuse_unbound_role
from returns_portal.core.memory import share_with_children

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "returns_portal.settings")
application = get_wsgi_application()
refuse_unbound_role()
share_with_children()
