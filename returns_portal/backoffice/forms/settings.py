"""Forms of the settings pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.core.validators import URLValidator

from refunds.providers.registry import PROVIDERS
from returns_portal.backoffice.logos import read_icon, read_logo
from returns_portal.core.brand import FONTS, RADII, SYSTEM_FONT, normal_hex
from returns_portal.core.errors import InvalidInput
from returns_portal.core.languages import LANGUAGES, NAMES
from returns_portal.core.money import Money
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.languages import default_language, offered
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.permissions import Permission
from rma.carriers.registry import CARRIERS
from rma.policy.reader import MAX_MINOR

CORNERS = [
    (str(radius), word) for radius, word in zip(RADII, ("Square", "Soft", "Round"), strict=True)
]
LOGO_MAX_BYTES = 1024 * 1024
_ADDRESSES = (
    "support_email",
    "website",
    "postal_address",
    "help_url",
    "terms_url",
    "privacy_url",
    "imprint_url",
)
T = TypeVar("T")


def _link(label: str) -> forms.URLField:
    """Return a field for a page of the shop, which only a web address can be."""
    field = forms.URLField(
        label=label,
        required=False,
        max_length=200,
        assume_scheme="https",
        error_messages={
            "invalid": "Write a web address, such as https://shop.example/privacy.",
            "max_length": "Use an address of up to 200 characters.",
        },
    )
    field.validators = [
        URLValidator(schemes=["http", "https"], message=field.error_messages["invalid"])
    ]
    return field


class BrandingForm(forms.Form):
    """A merchant's look: name, pictures, colour, corners, font, and where shoppers find more."""

    name = forms.CharField(label="Store name", max_length=120)
    # Read by ``read_logo``: Django's own image field would try every format that Pillow knows.
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG, JPEG or WebP, up to 1 MB. Leave empty to keep the one you have.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    brand_color = forms.CharField(
        label="Colour as hex",
        max_length=7,
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "mono"}),
    )
    brand_radius = forms.ChoiceField(label="Corners", choices=CORNERS, widget=forms.RadioSelect)
    brand_font = forms.ChoiceField(
        label="Font",
        choices=[(key, label) for key, (label, _stack) in FONTS.items()],
        required=False,
        help_text="Families that phones and computers bring along: nothing is loaded.",
        error_messages={"invalid_choice": "Choose a font from the list."},
    )
    icon = forms.FileField(
        label="Icon for browser tabs",
        required=False,
        help_text="Square PNG, JPEG or WebP, at least 32 × 32 pixels, up to 1 MB. "
        "Leave empty to keep the one you have.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    support_email = forms.EmailField(label="Help e-mail", required=False)
    website = forms.URLField(label="Website", required=False, assume_scheme="https")
    help_url = _link("Help centre")
    terms_url = _link("Terms and conditions")
    privacy_url = _link("Privacy policy")
    imprint_url = _link("Imprint")
    postal_address = forms.CharField(
        label="Postal address", required=False, max_length=300, help_text="Stands in your e-mails."
    )

    def clean_brand_color(self) -> str:
        try:
            return normal_hex(self.cleaned_data["brand_color"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None

    def clean_logo(self) -> bytes | None:
        """Return the logo drawn anew, or None to keep the one there is."""
        return self._picture("logo", read_logo)

    def clean_icon(self) -> dict[int, bytes] | None:
        """Return the favicon drawn anew in its sizes, or None to keep the one there is."""
        return self._picture("icon", read_icon)

    def _picture(self, name: str, read: Callable[[bytes], T]) -> T | None:
        picture = self.cleaned_data[name]
        if not picture:
            return None
        if picture.size > LOGO_MAX_BYTES:
            raise forms.ValidationError(f"This {name} is over 1 MB. Choose a smaller one.")
        try:
            return read(picture.read())
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None

    def clean_brand_font(self) -> str:
        return self.cleaned_data["brand_font"] or SYSTEM_FONT

    @staticmethod
    def initial_of(merchant: Merchant) -> dict[str, object]:
        return {
            "name": merchant.name,
            "brand_color": merchant.brand_color,
            "brand_radius": str(merchant.brand_radius),
            "brand_font": merchant.brand_font,
            **{name: getattr(merchant, name) for name in _ADDRESSES},
        }

    def changes(self) -> dict[str, object]:
        """Return the merchant's columns as entered, without the pictures."""
        entered = self.cleaned_data.items()
        columns = {name: value for name, value in entered if name not in ("logo", "icon")}
        return {**columns, "brand_radius": int(columns["brand_radius"])}


class LanguagesForm(forms.Form):
    """The languages shoppers may read, and the one for whoever asks for none of them."""

    languages = forms.MultipleChoiceField(
        label="Languages",
        choices=LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one language.",
            "invalid_choice": "Choose languages from the list.",
        },
    )
    default = forms.ChoiceField(
        label="Default language",
        choices=LANGUAGES,
        help_text="For shoppers whose browser asks for a language you don’t offer.",
        error_messages={
            "required": "Choose a default language.",
            "invalid_choice": "Choose a language from the list.",
        },
    )

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        offered = given.get("languages")
        if offered and given.get("default") and given["default"] not in offered:
            self.add_error("default", "Choose a default language that you offer.")
        return given

    @staticmethod
    def initial_of(merchant: Merchant) -> dict[str, object]:
        return {"languages": list(offered(merchant)), "default": default_language(merchant)}

    def changes(self) -> dict[str, object]:
        """Return the merchant's columns; all languages are kept as none, so that new ones join."""
        chosen = [code for code in NAMES if code in self.cleaned_data["languages"]]
        return {
            "languages": [] if len(chosen) == len(NAMES) else chosen,
            "locale": self.cleaned_data["default"],
        }


class RefundLimitForm(forms.Form):
    """Above which amount a second person agrees to a refund, in the merchant's currency."""

    limit = forms.CharField(
        label="Second person above",
        required=False,
        max_length=20,
        help_text="Leave empty to let one person, or the policy, send any amount.",
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_limit(self) -> int | None:
        if not self.cleaned_data["limit"].strip():
            return None
        try:
            amount = Money.parse(self.cleaned_data["limit"], self.currency)
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None
        if not 0 <= amount.minor <= MAX_MINOR:
            raise forms.ValidationError("Enter an amount from zero to ten billion.")
        return amount.minor

    @staticmethod
    def initial_of(merchant: Merchant) -> dict[str, object]:
        limit = merchant.second_person_above_minor
        return {"limit": "" if limit is None else Money(limit, merchant.currency).decimal_text()}

    def changes(self) -> dict[str, object]:
        """Return the merchant's columns."""
        return {"second_person_above_minor": self.cleaned_data["limit"]}


class ApiKeyForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80, help_text="Who uses it, such as ERP.")
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(permission.value, permission.value) for permission in Permission],
        widget=forms.CheckboxSelectMultiple,
    )


@dataclass(frozen=True, slots=True)
class Driver:
    """A provider that an account can be opened at."""

    role: str
    provider: str
    label: str
    about: str
    needs_key: bool


def drivers() -> list[Driver]:
    """Return the providers to choose from; the built-in ones only where the demo is on."""
    roles = ((ProviderAccount.Role.REFUNDS, PROVIDERS), (ProviderAccount.Role.CARRIER, CARRIERS))
    return [
        Driver(role.value, name, str(kind.label), _ABOUT[(role.value, name)], name in _KEYED)
        for role, kinds in roles
        for name, kind in kinds.items()
        if settings.DEMO_PROVIDERS or name != "builtin"
    ]


def driver(role: str, provider: str) -> Driver | None:
    return next((one for one in drivers() if (one.role, one.provider) == (role, provider)), None)


_KEYED = frozenset({"stripe", "easypost"})
_ABOUT = {
    ("refunds", "stripe"): "Sends refunds back to the card or wallet that paid.",
    ("refunds", "manual"): "You pay by hand, such as by bank transfer, and record it here.",
    ("refunds", "builtin"): "A gateway with books of its own, for trying things out.",
    ("carrier", "easypost"): "Buys return labels from over 100 carriers.",
    ("carrier", "manual"): "Shoppers send parcels themselves and tell us the tracking number.",
    (
        "carrier",
        "builtin",
    ): "Makes real labels and lets you move the parcel, for trying things out.",
}


class ProviderForm(forms.Form):
    """An account at a provider. Secrets are entered, never shown again."""

    name = forms.CharField(label="Name", max_length=80)
    api_key = forms.CharField(
        label="Secret API key", required=False, strip=True, widget=forms.PasswordInput
    )
    webhook_secret = forms.CharField(
        label="Webhook signing secret",
        required=False,
        help_text="From the provider’s page where you entered the webhook address.",
        widget=forms.PasswordInput,
    )
    gateways = forms.CharField(
        label="Payment gateways",
        required=False,
        help_text="As your orders name them, such as stripe, shopify_payments. Separate by commas.",
    )
    is_default = forms.BooleanField(label="Use when nothing else fits", required=False)

    def __init__(self, *args: object, chosen: Driver, has_key: bool = False, **kwargs: object):
        super().__init__(*args, **kwargs)
        if chosen.role != ProviderAccount.Role.REFUNDS:
            del self.fields["gateways"]
        if not chosen.needs_key:
            del self.fields["api_key"], self.fields["webhook_secret"]
            return
        for secret in ("api_key", "webhook_secret"):
            self.fields[secret].widget.attrs["autocomplete"] = "off"
        if has_key:
            self.fields["api_key"].help_text = "Leave empty to keep the key you entered."
        else:
            self.fields["api_key"].required = True

    def clean_gateways(self) -> list[str]:
        return sorted(
            {word.strip() for word in self.cleaned_data["gateways"].split(",") if word.strip()}
        )

    def secrets(self) -> dict[str, object]:
        return {
            name: self.cleaned_data[name]
            for name in ("api_key", "webhook_secret")
            if name in self.cleaned_data
        }


class LocationForm(forms.Form):
    """A warehouse or shop that takes parcels in."""

    name = forms.CharField(label="Name", max_length=80)
    code = forms.CharField(label="Short code", max_length=24, help_text="Such as DUB-1.")
    street1 = forms.CharField(label="Street and number", max_length=120)
    street2 = forms.CharField(label="Building, floor", max_length=120, required=False)
    zip = forms.CharField(label="Postal code", max_length=20, required=False)
    city = forms.CharField(label="City", max_length=80)
    state = forms.CharField(label="State or province", max_length=60, required=False)
    country = forms.CharField(
        label="Country", max_length=2, min_length=2, help_text="Two letters, such as IE."
    )
    phone = forms.CharField(label="Phone", max_length=30, required=False)
    is_default = forms.BooleanField(label="Returns come here", required=False)

    def address(self) -> dict[str, str]:
        parts = ("name", "street1", "street2", "zip", "city", "state", "phone")
        return {part: self.cleaned_data[part] for part in parts} | {
            "country": self.cleaned_data["country"].upper()
        }
