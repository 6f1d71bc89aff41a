"""A breakdown as it is kept on a refund, and as history for the next calculation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refunds.calculation.breakdown import Breakdown, Row
from refunds.calculation.model import Parts, PriorPart, PriorRefund

VERSION = 1


def to_json(breakdown: Breakdown) -> dict[str, Any]:
    """Return ``breakdown`` as plain JSON: the totals, the parts by line and charge, the rows."""
    return {
        "version": VERSION,
        "currency": breakdown.currency,
        "total_minor": breakdown.total_minor,
        "net_minor": breakdown.net_minor,
        "tax_minor": breakdown.tax_minor,
        "fee_minor": breakdown.fee_minor,
        "deduction_minor": breakdown.deduction_minor,
        "kept_minor": breakdown.kept_minor,
        "remaining_minor": breakdown.remaining_minor,
        "credited_minor": breakdown.credited_minor,
        "bonus_minor": breakdown.bonus_minor,
        "lines": [
            {
                "line": line.line_id,
                "quantity": line.quantity,
                "unit": line.unit,
                "refund_minor": line.refund_minor,
                "deduction_minor": line.deduction.gross_minor,
                **_parts(line.value),
            }
            for line in breakdown.lines
        ],
        "charges": [
            {"charge": charge.charge_id, "kind": charge.kind, **_parts(charge.value)}
            for charge in breakdown.charges
        ],
        "fees": [
            {
                "kind": fee.kind,
                "asked_minor": fee.asked_minor,
                "charged_minor": fee.charged.gross_minor,
                "tax_minor": fee.charged.tax_minor,
                "waived": fee.waived,
                "waiver": fee.waiver,
                "at_most": fee.at_most,
            }
            for fee in breakdown.fees
        ],
        "rows": [_row(row) for row in breakdown.rows],
    }


def _parts(parts: Parts) -> dict[str, Any]:
    return {"net_minor": parts.net_minor, "taxes": [list(tax) for tax in parts.taxes]}


def _row(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "key": row.key,
        "minor": row.minor,
        "label": row.label,
        "quantity": row.quantity,
        "struck_minor": row.struck_minor,
        "reason": row.reason,
    }


def prior_from_json(stored: Mapping[str, Any], status: str = "settled") -> PriorRefund:
    """Return a stored breakdown as the earlier refund it is; nothing is computed again."""
    lines = [
        PriorPart(entry["line"], entry["quantity"], _read(entry), unit=entry.get("unit"))
        for entry in stored["lines"]
    ]
    charges = [PriorPart(entry["charge"], 0, _read(entry)) for entry in stored["charges"]]
    return PriorRefund(
        (*lines, *charges),
        kept_minor=stored["kept_minor"],
        status=status,
        credited_minor=stored.get("credited_minor", 0),
        bonus_minor=stored.get("bonus_minor", 0),
    )


def _read(entry: Mapping[str, Any]) -> Parts:
    return Parts(entry["net_minor"], tuple((code, minor) for code, minor in entry["taxes"]))
