"""Template tags that only the back office needs."""

from __future__ import annotations

from django import template
from django.forms import BaseForm, BoundField

register = template.Library()


@register.simple_tag
def bound(form: BaseForm, name: str) -> BoundField:
    """Return the field of ``form`` whose name is made at run time."""
    return form[name]
