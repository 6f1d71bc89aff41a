#!/usr/bin/env python
"""Run a management command."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from returns_portal.local import running

if __name__ == "__main__":
    running.adopt()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "returns_portal.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
