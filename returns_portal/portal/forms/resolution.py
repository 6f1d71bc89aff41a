"""What the shopper wants for one item, and for an exchange which one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine, Variant
from returns_portal.portal.products import Priced
from returns_portal.portal.replacements import Replacements
from rma.drafts import Answer
from rma.policy.wording import inside
from rma.states import ResolutionKind

# The choice of another product; what is wanted then is an exchange like any other.
OTHER = "other"


class WishForm(forms.Form):
    """The choice for one item. ``axis-0``, ``axis-1`` ... pick the replacement.

    Another product is chosen on a page of its own and kept in the draft (``elsewhere``).
    """

    wanted = forms.CharField(required=False)

    def __init__(
        self,
        sent: Any = None,
        *,
        line: OrderLine,
        answer: Answer,
        choices: list[str],
        replacements: Replacements | None,
        elsewhere: Priced | None = None,
    ) -> None:
        super().__init__(sent, prefix=f"wish-{line.pk.hex}")
        self.line, self.answer, self.choices = line, answer, choices
        self.replacements = replacements
        self.elsewhere = elsewhere
        for axis in range(len(replacements.axes) if replacements and replacements.free else 0):
            self.fields[f"axis-{axis}"] = forms.CharField(required=False)

    @property
    def choice(self) -> str:
        """Return what is chosen so far: sent, kept, or the only thing there is."""
        told = OTHER if self.elsewhere and not self.is_bound else self.answer.wanted
        if self.is_bound:
            told = self.data.get(self.add_prefix("wanted"), "")
        if told in self.choices:
            return told
        is_nonsense = self.is_bound and bool(told)
        return self.choices[0] if len(self.choices) == 1 and not is_nonsense else ""

    @property
    def picks(self) -> list[str | None]:
        """Return the value picked on each axis so far; a colour stays unless another is chosen."""
        if self.replacements is None:
            return []
        kept = self.replacements.picks_of(self.answer.exchange_variant_id)
        return [self._pick(axis, kept) for axis in range(len(self.replacements.axes))]

    def _pick(self, axis: int, kept: tuple[str, ...] | None) -> str | None:
        offered = self.replacements
        if offered is None:
            return None
        values = offered.values(axis)
        if len(values) == 1:
            return values[0]
        if self.is_bound:
            sent = self.data.get(self.add_prefix(f"axis-{axis}"))
            return sent if sent in values else None
        if kept is not None:
            return kept[axis]
        # Only the last of several axes begins as it was bought; the first is what does not fit.
        return offered.own_picks[axis] if axis else None

    @property
    def variant(self) -> Variant | None:
        """Return the replacement that is picked so far, of the same product or another one."""
        if self.choice == OTHER:
            return self.elsewhere.variant if self.elsewhere else None
        picks = self.picks
        if self.replacements is None or None in picks:
            return None
        return self.replacements.variant(tuple(str(pick) for pick in picks))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        names = {"item": self.line.title}
        if not self.choice:
            self.add_error("wanted", _("Choose what you want for %(item)s") % names)
        elif self.choice == ResolutionKind.EXCHANGE:
            self._check_replacement(names)
        elif self.choice == OTHER and self.elsewhere is None:
            words = _("Choose the product you want in place of %(item)s")
            self.add_error("wanted", words % names)
        return given

    def _check_replacement(self, names: dict[str, str]) -> None:
        offered = self.replacements
        if offered is None:
            self.add_error("wanted", _("%(item)s is sold out. Choose something else") % names)
            return
        for axis, pick in enumerate(self.picks):
            if pick is None:
                axis_name = inside(offered.axes[axis] or _("variant"))
                self.add_error(
                    f"axis-{axis}",
                    _("Choose the %(axis)s you want for %(item)s") % {"axis": axis_name, **names},
                )
                return
        if not offered.is_free(self.variant):
            own = self.variant is not None and self.variant.pk == offered.own.pk
            words = _("You have %(picks)s. Choose another or take a refund")
            if not own:
                words = _("%(picks)s is sold out. Choose another or take a refund")
            self.add_error("axis-0", words % {"picks": " / ".join(map(str, self.picks))})

    def kept(self) -> Answer:
        """Return the answer to come back to; a replacement not picked yet is no wish."""
        wish = self.wish()
        unpicked = wish.wanted == ResolutionKind.EXCHANGE and wish.exchange_variant_id is None
        return replace(wish, wanted="") if unpicked else wish

    def wish(self) -> Answer:
        """Return the answer with what is chosen so far, priced or kept."""
        wanted = self.choice
        if wanted == OTHER:
            # Before a product is chosen there is nothing to price or to keep.
            wanted = ResolutionKind.EXCHANGE if self.elsewhere else ""
        exchange = wanted == ResolutionKind.EXCHANGE and self.variant is not None
        return replace(
            self.answer,
            wanted=wanted,
            exchange_variant_id=self.variant.pk if exchange and self.variant else None,
        )
