"""Goods that are not sent back: what a shopper gets who keeps an item, or gives it to charity."""

from __future__ import annotations

from dataclasses import dataclass

from rma.policy.reader import DocumentReader

KEEP_ITEM, DONATE = "keep_item", "donate"
KEPT_OUTCOMES = frozenset({KEEP_ITEM, DONATE})
_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Keeping:
    """Which share of an item's value goes back, in basis points, for each of the two."""

    keep_item_bp: int = 2_000
    donate_bp: int = _WHOLE_BP

    def share_of(self, outcome: str) -> int:
        return self.keep_item_bp if outcome == KEEP_ITEM else self.donate_bp

    def held_share(self, outcome: str) -> int:
        """Return what is held back of the value of an item that is not sent back."""
        return _WHOLE_BP - self.share_of(outcome)


USUAL_KEEPING = Keeping()


def read_keeping(reader: DocumentReader) -> Keeping:
    """Read the section ``keeping``; without one, a fifth for keeping and all for donating."""
    path, share = "keeping", "a percentage as basis points (2500 is 25 %)"
    if reader.at(path) is None:
        return USUAL_KEEPING
    reader.keys(path, {"keep_item_bp", "donate_bp"})
    return Keeping(
        keep_item_bp=reader.whole(f"{path}.keep_item_bp", 0, _WHOLE_BP, share),
        donate_bp=reader.whole(f"{path}.donate_bp", 0, _WHOLE_BP, share),
    )
