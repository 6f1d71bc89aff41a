"""Forms of the settings pages."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings

from refunds.providers.registry import PROVIDERS
from returns_portal.backoffice.logos import read_logo
from returns_portal.core.brand import RADII, normal_hex
from returns_portal.core.errors import InvalidInput
from returns_portal.core.languages import LANGUAGES, NAMES
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.languages import default_language, offered
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.permissions import Permission
from rma.carriers.registry import CARRIERS

CORNERS = [
    (str(radius), word) for radius, word in zip(RADII, ("Square", "Soft", "Round"), strict=True)
]
LOGO_MAX_BYTES = 1024 * 1024


class BrandingForm(forms.Form):
    """A merchant's look: name, logo, colour, corners, and where shoppers find help."""

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
    support_email = forms.EmailField(label="Help e-mail", required=False)
    website = forms.URLField(label="Website", required=False, assume_scheme="https")
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
        logo = self.cleaned_data["logo"]
        if not logo:
            return None
        if logo.size > LOGO_MAX_BYTES:
            raise forms.ValidationError("This logo is over 1 MB. Choose a smaller one.")
        try:
            return read_logo(logo.read())
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None

    @staticmethod
    def initial_of(merchant: Merchant) -> dict[str, object]:
        return {
            "name": merchant.name,
            "brand_color": merchant.brand_color,
            "brand_radius": str(merchant.brand_radius),
            "support_email": merchant.support_email,
            "website": merchant.website,
            "postal_address": merchant.postal_address,
        }

    def changes(self) -> dict[str, object]:
        """Return the merchant's columns as entered, without the logo."""
        columns = {name: value for name, value in self.cleaned_data.items() if name != "logo"}
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
