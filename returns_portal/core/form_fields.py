"""What the field component needs from a Django form field: ids, classes, aria attributes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseForm, BoundField

TONE_ICONS = {
    "info": "info",
    "success": "check-circle",
    "warning": "alert",
    "danger": "x-circle",
    "special": "swap",
    "neutral": "info",
}
_LOOKS = ("list", "pills", "choices", "switch", "")


def field_context(bound: BoundField, options: dict[str, Any]) -> dict[str, Any]:
    """Return the context of ``components/field.html`` for ``bound``; see docs/frontend.md."""
    look = str(options.pop("look", ""))
    if look not in _LOOKS:
        raise ValueError(f"look is one of {_LOOKS}, not {look!r}")
    size = options.pop("size", "")
    hint = options.pop("hint", None) or bound.help_text
    label = options.pop("label", None) or bound.label
    hide_label = bool(options.pop("hide_label", False))
    id_ = bound.id_for_label or bound.auto_id or bound.html_name
    if _is_group(bound):
        # A group has no one control to name, so its own id anchors errors and hints.
        id_ = bound.auto_id or bound.html_name
    described = " ".join(
        [*([f"{id_}-hint"] if hint else []), *([f"{id_}-error"] if bound.errors else [])]
    )
    attrs = {name.replace("_", "-"): value for name, value in options.items()}
    return {
        "bound": bound,
        "id": id_,
        "kind": _kind(bound),
        "look": look or ("list" if _is_group(bound) else ""),
        "label": label,
        "hint": hint,
        "errors": list(bound.errors),
        "hide_label": hide_label,
        "optional": not bound.field.required and not isinstance(bound.field, forms.BooleanField),
        "described": described,
        "control": "" if _is_group(bound) else _control(bound, look, size, described, attrs),
        "choices": [choice.data for choice in bound.subwidgets] if _is_group(bound) else [],
    }


def form_errors(form: BaseForm) -> list[dict[str, str]]:
    """Return the form's errors in field order, each with its words and the anchor of its field."""
    found = [{"text": str(text), "href": ""} for text in form.non_field_errors()]
    for bound in form:
        anchor = bound.auto_id if _is_group(bound) else bound.id_for_label or bound.auto_id
        found += [{"text": str(text), "href": f"#{anchor}"} for text in bound.errors]
    return found


def _is_group(bound: BoundField) -> bool:
    return isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    if _is_group(bound):
        return "group"
    return "check" if isinstance(widget, forms.CheckboxInput) else "control"


def _control(bound: BoundField, look: str, size: str, described: str, attrs: dict[str, Any]) -> str:
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "switch" if look == "switch" else "check"
    elif isinstance(widget, forms.Select):
        css = "select"
    else:
        css = "textarea" if isinstance(widget, forms.Textarea) else "input"
    own = {"class": f"{css} {widget.attrs.get('class', '')}".strip(), **attrs}
    if look == "switch":
        own["role"] = "switch"
    if size:
        own["data-size"] = size
    if described:
        own["aria-describedby"] = described
    if bound.errors:
        own["aria-invalid"] = "true"
    return bound.as_widget(attrs=own)
