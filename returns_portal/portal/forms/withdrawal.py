"""The statement of withdrawal: who, which order, and all of it or which items. Never why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from returns_portal.commerce.models import OrderLine
from returns_portal.portal.forms.fields import PlainText

ALL, SOME = "all", "some"


class StatementForm(forms.Form):
    """The first step. Whether the order exists is no question of shape."""

    name = PlainText(
        max_length=160,
        label=gettext_lazy("Your name"),
        error_messages={"required": gettext_lazy("Write your name")},
    )
    order = PlainText(
        max_length=60,
        label=gettext_lazy("Order number"),
        help_text=gettext_lazy("It’s in your confirmation e-mail."),
        error_messages={"required": gettext_lazy("Write your order number")},
    )
    email = PlainText(
        max_length=254,
        label=gettext_lazy("E-mail of the order"),
        help_text=gettext_lazy("We send the acknowledgement there."),
        validators=[EmailValidator(gettext_lazy("Write an e-mail such as name@example.com"))],
        error_messages={"required": gettext_lazy("Write the e-mail of your order")},
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("What do you withdraw from?"),
        choices=[
            (ALL, gettext_lazy("The whole order")),
            (SOME, gettext_lazy("Some items of it")),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose the whole order or some items"),
            "invalid_choice": gettext_lazy("Choose the whole order or some items"),
        },
    )


class DescribedForm(forms.Form):
    """Items in words, where the order can't be shown."""

    described = PlainText(
        max_length=2000,
        label=gettext_lazy("Which items, and how many of each?"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Write which items you withdraw from")},
    )


class ItemsForm(forms.Form):
    """The items of a proven order: a tick for each, and how many where there are several."""

    def __init__(self, sent: Any = None, *, lines: Sequence[OrderLine]) -> None:
        super().__init__(sent)
        self.lines = [line for line in lines if _left(line)]
        for line in self.lines:
            self.fields[_tick(line)] = forms.BooleanField(required=False, label=line.title)
            self.fields[_count(line)] = forms.IntegerField(required=False, label=line.title)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        ticked = [line for line in self.lines if given.get(_tick(line))]
        if not ticked:
            self.add_error(None, _("Choose at least one item"))
        for line in ticked:
            self._check_units(line)
        return given

    def _check_units(self, line: OrderLine) -> None:
        most, name = _left(line), _count(line)
        sent = bool(self.data.get(name))
        units = self.cleaned_data.get(name) if sent else most
        if units is None or not 1 <= units <= most:
            self._errors.pop(name, None)
            words = ngettext("Choose 1 of %(item)s", "Choose 1 to %(most)d of %(item)s", most)
            self.add_error(name, words % {"most": most, "item": line.title})
            return
        self.cleaned_data[name] = units

    def units(self) -> dict[UUID, int]:
        """Return the chosen units of a valid form by order line."""
        given = self.cleaned_data
        return {line.pk: given[_count(line)] for line in self.lines if given[_tick(line)]}

    def rows(self) -> list[dict[str, Any]]:
        """Return what the page shows of each item."""
        return [
            {
                "line": line,
                "tick": self[_tick(line)],
                "count": self[_count(line)],
                "most": _left(line),
                "value": self[_count(line)].value() or _left(line),
            }
            for line in self.lines
        ]


def _left(line: OrderLine) -> int:
    """Return the units that are in no return yet, sent or not."""
    return 0 if line.is_removed else max(line.quantity - line.claimed_quantity, 0)


def _tick(line: OrderLine) -> str:
    return f"item-{line.pk.hex}"


def _count(line: OrderLine) -> str:
    return f"units-{line.pk.hex}"
