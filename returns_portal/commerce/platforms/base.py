"""What every reader hands over: frozen records in exact money, or an error that names the field.

The records are the only language between a shop's format and the mirror. All amounts are in the
currency the shopper paid in (``currency``); the shop's own currency is kept beside the totals as
``shop_*``. Identifiers are text. Times are UTC. Nothing here reads a file or touches a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from returns_portal.core.money import Money, total

PAYMENT_PENDING = "pending"
PAYMENT_AUTHORIZED = "authorized"
PAYMENT_CAPTURED = "captured"
PAYMENT_VOIDED = "voided"
PAYMENT_FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordError:
    """One record that could not be read: where, which field, and what to do about it."""

    file: str
    record: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.record}: {self.field}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRecord:
    """A postal address. ``country`` is ISO 3166 alpha-2 or empty."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """The shopper as the shop knows them. ``external_id`` is empty for a guest.

    ``groups`` are the shop's tags or groups of the customer, None where it names none of them.
    """

    external_id: str = ""
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    groups: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRecord:
    """Tax on one line, shipping or fee.

    ``inclusive`` says that ``amount`` is already part of the total it stands on; exclusive tax is
    added to it. ``rate`` is decimal text such as ``"0.19"``, empty when the shop did not say.
    """

    title: str
    amount: Money
    inclusive: bool
    rate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountRecord:
    """A discount, as a positive amount. ``kind`` is ``line``, ``order`` or ``shipping``."""

    kind: str
    amount: Money
    code: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingRecord:
    """One shipping charge: ``price`` before and ``total`` after its discounts."""

    external_id: str
    title: str
    price: Money
    total: Money
    code: str = ""
    taxes: tuple[TaxRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRecord:
    """A charge beside goods and shipping: a tip, duties, a payment fee. May be negative."""

    external_id: str
    title: str
    total: Money
    taxes: tuple[TaxRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """Money taken through one gateway.

    ``amount`` is what the payment stands for, ``captured`` what was really taken, ``refunded`` what
    the shop already gave back. ``reference`` is the gateway's own id (charge, intent, capture),
    ``fingerprint`` what the gateway calls the card or account behind it; it is never stored.
    """

    external_id: str
    gateway: str
    status: str
    amount: Money
    captured: Money
    refunded: Money
    reference: str = ""
    title: str = ""
    paid_at: datetime | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilmentRecord:
    """One parcel sent. ``lines`` holds (line external id, units)."""

    external_id: str
    status: str
    lines: tuple[tuple[str, int], ...]
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """One line of an order.

    ``subtotal`` is before and ``total`` after every line and order discount, both in the order's
    price basis: with tax inside when ``OrderRecord.prices_include_tax``, without it otherwise.
    ``refunded_quantity`` counts units the shop already refunded or removed.
    """

    external_id: str
    title: str
    quantity: int
    unit_price: Money
    subtotal: Money
    total: Money
    fulfilled_quantity: int = 0
    refunded_quantity: int = 0
    discounts: tuple[DiscountRecord, ...] = ()
    taxes: tuple[TaxRecord, ...] = ()
    product_external_id: str = ""
    variant_external_id: str = ""
    sku: str = ""
    barcode: str = ""
    variant_title: str = ""
    product_type: str = ""
    image_url: str = ""
    weight_grams: int | None = None
    tags: tuple[str, ...] = ()
    is_gift_card: bool = False
    requires_shipping: bool = True
    shop_total: Money | None = None
    delivered_at: datetime | None = None

    @property
    def tax_total(self) -> Money:
        return total([tax.amount for tax in self.taxes], self.total.currency)

    @property
    def paid(self) -> Money:
        """Return what the shopper paid for the line: its total and the tax on top of it."""
        return self.total + exclusive_tax(self.taxes, self.total.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """One order, complete: sending it again must lead to the same mirror.

    ``difference`` is what ``total`` has beyond lines, shipping, fees and tax. It is zero for a
    sound order; a shop's own contradiction is kept here and named in ``warnings``.
    """

    source: str
    external_id: str
    number: str
    placed_at: datetime
    currency: str
    shop_currency: str
    total: Money
    shop_total: Money
    lines: tuple[LineRecord, ...]
    prices_include_tax: bool = False
    status: str = ""
    financial_status: str = ""
    fulfilment_status: str = ""
    updated_at: datetime | None = None
    cancelled_at: datetime | None = None
    email: str = ""
    phone: str = ""
    customer: CustomerRecord = CustomerRecord()
    billing_address: AddressRecord = AddressRecord()
    shipping_address: AddressRecord = AddressRecord()
    shipping: tuple[ShippingRecord, ...] = ()
    discounts: tuple[DiscountRecord, ...] = ()
    fees: tuple[FeeRecord, ...] = ()
    payments: tuple[PaymentRecord, ...] = ()
    fulfilments: tuple[FulfilmentRecord, ...] = ()
    tags: tuple[str, ...] = ()
    locale: str = ""
    note: str = ""
    is_test: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def items_total(self) -> Money:
        return total([line.total for line in self.lines], self.currency)

    @property
    def shipping_total(self) -> Money:
        return total([charge.total for charge in self.shipping], self.currency)

    @property
    def fees_total(self) -> Money:
        return total([fee.total for fee in self.fees], self.currency)

    @property
    def all_taxes(self) -> tuple[TaxRecord, ...]:
        parts: list[LineRecord | ShippingRecord | FeeRecord] = []
        parts += [*self.lines, *self.shipping, *self.fees]
        return tuple(tax for part in parts for tax in part.taxes)

    @property
    def tax_total(self) -> Money:
        return total([tax.amount for tax in self.all_taxes], self.currency)

    @property
    def discount_total(self) -> Money:
        return total([discount.amount for discount in self.discounts], self.currency)

    @property
    def parts_total(self) -> Money:
        """Return lines, shipping, fees and the tax on top of them, added up."""
        parts = self.items_total + self.shipping_total + self.fees_total
        return parts + exclusive_tax(self.all_taxes, self.currency)

    @property
    def difference(self) -> Money:
        return self.total - self.parts_total


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRecord:
    """One thing that can be bought. ``options`` is e.g. ``(("Colour", "Moss"), ("Size", "M"))``."""

    external_id: str
    title: str
    price: Money
    sku: str = ""
    barcode: str = ""
    options: tuple[tuple[str, str], ...] = ()
    image_url: str = ""
    weight_grams: int | None = None
    cost: Money | None = None
    available: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """A product and its variants, as the shop lists them."""

    source: str
    external_id: str
    title: str
    variants: tuple[VariantRecord, ...]
    product_type: str = ""
    vendor: str = ""
    image_url: str = ""
    tags: tuple[str, ...] = ()


class Reader(Protocol):
    """Read orders from a text or binary stream, or from an already parsed document.

    Yields one OrderRecord or RecordError per order, in file order, and never raises for what the
    stream holds.
    """

    def __call__(self, source: Any, *, file: str = "-") -> Iterator[OrderRecord | RecordError]: ...


def exclusive_tax(taxes: tuple[TaxRecord, ...], currency: str) -> Money:
    """Add up the taxes that stand on top of their totals."""
    return total([tax.amount for tax in taxes if not tax.inclusive], currency)
