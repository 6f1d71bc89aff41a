"""Addresses of the shopper's face, below ``/r/<slug>/`` or at the root of a merchant's domain."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter

from returns_portal.core.views import broken
from returns_portal.portal.pages import missing
from returns_portal.portal.views import (
    about,
    appeal,
    change,
    files,
    find,
    gift,
    items,
    links,
    method,
    products,
    resolution,
    status,
    withdrawal,
)


class TokenConverter:
    """An unguessable token; anything else in its place is simply not found."""

    regex = "[A-Za-z0-9_-]{16,48}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TokenConverter, "token")

handler404 = missing
handler500 = broken

urlpatterns: list[URLPattern | URLResolver] = [
    path("", find.find, name="find"),
    path("track", find.track, name="track"),
    path("gift", gift.gift, name="gift"),
    path("link", links.link, name="link"),
    path("link/<token:token>", links.opened_link, name="open_link"),
    path("orders", links.my_orders, name="my_orders"),
    path("orders/<uuid:order_id>/start", links.start, name="start"),
    path("policy", about.policy, name="policy"),
    path("help", about.help_page, name="help"),
    path("withdraw", withdrawal.withdraw, name="withdraw"),
    path("withdraw/<token:token>", withdrawal.withdrawn, name="withdrawn"),
    path("withdraw/<token:token>/receipt.pdf", withdrawal.paper, name="withdrawal_paper"),
    path("brand-<slug:version>.css", about.brand_css, name="brand_css"),
    path("logo/<str:name>", about.logo, name="logo"),
    path("icon/<str:name>", about.icon, name="icon"),
    path("r/<token:token>/items", items.items, name="items"),
    path("r/<token:token>/items/summary", items.items_summary, name="items_summary"),
    path("r/<token:token>/items/<uuid:line_id>/photos", items.photos, name="photos"),
    path("r/<token:token>/photos/<uuid:photo_id>", files.draft_photo, name="draft_photo"),
    path("r/<token:token>/photos/<uuid:photo_id>/remove", items.remove_photo, name="remove_photo"),
    path("r/<token:token>/resolution", resolution.resolution, name="resolution"),
    path("r/<token:token>/quote", resolution.quote, name="quote"),
    path("r/<token:token>/products/<uuid:line_id>", products.products, name="products"),
    path("r/<token:token>/method", method.method, name="method"),
    path("r/<token:token>/method/quote", method.method_quote, name="method_quote"),
    path("r/<token:token>/returns", find.returns, name="returns"),
    path("s/<token:token>", status.status, name="status"),
    path("s/<token:token>/live", status.live, name="live"),
    path("s/<token:token>/change", change.change, name="change"),
    path("s/<token:token>/cancel", status.cancel, name="cancel"),
    path("s/<token:token>/messages", status.message, name="message"),
    path("s/<token:token>/answer", status.answer, name="answer"),
    path("s/<token:token>/appeal", appeal.appeal, name="appeal"),
    path("s/<token:token>/tracking", status.tracking, name="tracking"),
    path("s/<token:token>/label", files.label, name="label"),
    path("s/<token:token>/slip.pdf", files.slip, name="slip"),
    path("s/<token:token>/photos/<uuid:photo_id>", files.return_photo, name="return_photo"),
]
