"""Ask the web server of this container whether it, the database and the broker are well."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

HOST = (
    os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip("*.") or "localhost"
)

request = urllib.request.Request("http://127.0.0.1:8000/healthz", headers={"Host": HOST})
try:
    with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310 - a literal
        sys.exit(0 if answer.status == 200 else 1)
except (OSError, urllib.error.URLError) as problem:
    sys.exit(str(problem))
