"""Settings: branding, integrations, API keys, policy, team, and joining by invitation."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from inventory.models import Location
from notifications.models import Message
from returns_portal.activity.models import Event
from returns_portal.core.brand import contrast, derive_brand
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.api_tokens import read_token
from returns_portal.tenancy.invitations import find_invitation, invitation_token
from returns_portal.tenancy.models import ApiKey, Invitation, Membership, Merchant, User
from rma.models import PolicyVersion
from tests.backoffice.conftest import HOME
from tests.factories import make_member
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db
SETTINGS = f"{HOME}settings/"


def brand(**changes: object) -> dict[str, object]:
    return {
        "name": "Northloom", "brand_color": "#b5532f", "brand_radius": "20",
        "support_email": "help@northloom.example", "website": "", "postal_address": "", **changes,
    }  # fmt: skip


def kinds(shop: Merchant) -> list[str]:
    with merchant_scope(shop.pk):
        return list(Event.objects.order_by("id").values_list("kind", flat=True))


# Branding


def test_branding_keeps_colour_corners_and_a_redrawn_logo(owner: Client, shop: Merchant) -> None:
    logo = SimpleUploadedFile("logo.png", png_bytes(300, 100), "image/png")

    owner.post(f"{SETTINGS}branding/", brand(logo=logo))

    shop.refresh_from_db()
    assert (shop.brand_color, shop.brand_radius) == ("#b5532f", 20)
    shown = owner.get(f"{SETTINGS}logo.png")
    assert b"".join(shown.streaming_content)[:4] == b"\x89PNG"
    shown.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"brand_color": "red"}, "Write the colour as #"),
        ({"brand_radius": "7"}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_branding_refuses_what_makes_no_sense(
    owner: Client, shop: Merchant, changes: dict[str, str], words: str
) -> None:
    answer = owner.post(f"{SETTINGS}branding/", brand(**changes))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    shop.refresh_from_db()
    assert shop.brand_color == "#2f5d50"


def test_logo_that_is_no_picture_is_refused(owner: Client, shop: Merchant) -> None:
    logo = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png")

    assert owner.post(f"{SETTINGS}branding/", brand(logo=logo)).status_code == 422
    shop.refresh_from_db()
    assert shop.logo_path == ""


def test_logo_however_heavy_is_drawn_light(owner: Client, shop: Merchant) -> None:
    heavy = BytesIO()
    Image.effect_noise((1000, 300), 90).convert("RGB").save(heavy, "PNG")
    logo = SimpleUploadedFile("logo.png", heavy.getvalue(), "image/png")

    assert owner.post(f"{SETTINGS}branding/", brand(logo=logo)).status_code == 302

    shown = owner.get(f"{SETTINGS}logo.png")
    content = b"".join(shown.streaming_content)
    shown.close()
    assert heavy.tell() > 100_000
    assert len(content) <= 16_000
    assert Image.open(BytesIO(content)).height >= 56


def test_icon_is_drawn_anew_in_its_sizes_and_served(owner: Client, shop: Merchant) -> None:
    icon = SimpleUploadedFile("icon.png", png_bytes(90, 60), "image/png")

    assert owner.post(f"{SETTINGS}branding/", brand(icon=icon)).status_code == 302

    shop.refresh_from_db()
    assert shop.icon_path.startswith(f"icons/{shop.pk}/")
    page = Client().get("/r/northloom/").content.decode()
    shown = re.findall(r'<link rel="[a-z-]+" href="(/r/northloom/icon/[^"]+)"', page)
    sizes = [Image.open(BytesIO(Client().get(one).content)).size for one in shown]
    assert sizes == [(32, 32), (180, 180)]
    assert "immutable" in Client().get(shown[0])["Cache-Control"]
    assert Client().get(shown[0].replace("-32", "-64")).status_code == 404
    small = owner.get(f"{SETTINGS}icon.png")
    assert b"".join(small.streaming_content)[:4] == b"\x89PNG"
    small.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"<svg onload=alert(1)>", "can’t read this picture"), (png_bytes(16, 16), "too small")],
)
def test_icon_that_is_of_no_use_is_refused(
    owner: Client, shop: Merchant, content: bytes, words: str
) -> None:
    icon = SimpleUploadedFile("icon.png", content, "image/png")
    answer = owner.post(f"{SETTINGS}branding/", brand(icon=icon))

    assert answer.status_code == 422
    assert words in answer.content.decode().partition('id="id_icon-error"')[2]
    shop.refresh_from_db()
    assert shop.icon_path == ""


def test_font_is_one_of_the_list_and_reaches_the_stylesheet(owner: Client, shop: Merchant) -> None:
    refused = owner.post(f"{SETTINGS}branding/", brand(brand_font="Comic; } body { x"))
    owner.post(f"{SETTINGS}branding/", brand(brand_font="serif"))

    page = Client().get("/r/northloom/").content.decode()
    (address,) = re.findall(r'href="(/r/northloom/brand-[0-9a-f]+\.css)"', page)
    assert refused.status_code == 422
    assert "--font-sans: Charter" in Client().get(address).content.decode()
    tried = owner.get(f"{SETTINGS}branding/preview.css?color=%231f6f5b&radius=4&font=rounded")
    assert "--font-sans: ui-rounded" in tried.content.decode()
    assert owner.get(f"{SETTINGS}branding/preview.css?color=%231f6f5b&font=x").status_code == 400


def test_links_stand_at_the_foot_of_the_portal(owner: Client, shop: Merchant) -> None:
    assert "Imprint" not in Client().get("/r/northloom/").content.decode()
    owner.post(
        f"{SETTINGS}branding/",
        brand(imprint_url="shop.example/imprint", help_url="https://help.shop.example/?a=1&b=2"),
    )

    page = Client().get("/r/northloom/?language=de").content.decode()
    assert '<a href="https://shop.example/imprint">Impressum</a>' in page
    assert '<a href="https://help.shop.example/?a=1&amp;b=2">' in page
    assert "AGB" not in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://shop.example/x", "not a page"])
def test_links_are_web_addresses(owner: Client, shop: Merchant, address: str) -> None:
    answer = owner.post(f"{SETTINGS}branding/", brand(privacy_url=address))

    assert answer.status_code == 422
    assert "Write a web address" in answer.content.decode().partition("id_privacy_url-error")[2]
    shop.refresh_from_db()
    assert shop.privacy_url == ""


def test_contrast_table_tells_the_ratios_of_the_derived_colours(owner: Client) -> None:
    page = owner.get(f"{SETTINGS}branding/derive/?color=%23f2b84b").content.decode()
    tokens = derive_brand("#f2b84b")

    assert f"{contrast(tokens.on.light, tokens.fill.light):.1f}:1" in page
    assert "Adjusted" in page


def test_preview_may_be_framed_by_the_product_alone(owner: Client) -> None:
    answer = owner.get(f"{SETTINGS}branding/preview/?color=%231f6f5b&scheme=dark")

    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert owner.get(f"{SETTINGS}branding/preview/?color=nonsense").status_code == 400


# API keys


def new_key(owner: Client, **changes: object) -> object:
    body = {"name": "ERP", "scopes": ["orders:view"], "operation_id": "key-1", **changes}
    return owner.post(f"{SETTINGS}api-keys/new/", body)


def test_api_key_is_shown_once_and_kept_as_a_hash(owner: Client, shop: Merchant) -> None:
    page = new_key(owner).content.decode()  # type: ignore[attr-defined]

    (text,) = re.findall(r"data-secret>(rp_[^<]+)<", page)
    with merchant_scope(shop.pk):
        key = ApiKey.objects.get()
    token = read_token(text)
    assert token is not None
    assert (key.key_id, key.scopes) == (token.key_id, ["orders:view"])
    assert bytes(key.secret_hash) == token.secret_hash
    assert text not in owner.get(f"{SETTINGS}api-keys/").content.decode()


def test_api_key_form_sent_twice_makes_one_key(owner: Client, shop: Merchant) -> None:
    new_key(owner)

    assert new_key(owner).status_code == 409  # type: ignore[attr-defined]
    with merchant_scope(shop.pk):
        assert ApiKey.objects.count() == 1


def test_api_key_cannot_exceed_its_maker(sign_in: Callable[..., Client], shop: Merchant) -> None:
    answer = new_key(sign_in("manager"), scopes=["team:edit"])

    assert answer.status_code == 400  # type: ignore[attr-defined]
    with merchant_scope(shop.pk):
        assert not ApiKey.objects.exists()


def test_revoked_api_key_stays_revoked(owner: Client, shop: Merchant) -> None:
    new_key(owner)
    with merchant_scope(shop.pk):
        key = ApiKey.objects.get()

    owner.post(f"{SETTINGS}api-keys/{key.pk}/revoke/")
    with merchant_scope(shop.pk):
        first = ApiKey.objects.get().revoked_at
    owner.post(f"{SETTINGS}api-keys/{key.pk}/revoke/")

    with merchant_scope(shop.pk):
        assert ApiKey.objects.get().revoked_at == first
    assert first is not None
    assert kinds(shop).count("api_key.revoked") == 1


# Integrations


def test_stripe_key_is_sealed_never_shown_and_kept_when_left_empty(
    owner: Client, shop: Merchant
) -> None:
    body = {
        "name": "Stripe", "api_key": "sk_test_secret", "webhook_secret": "whsec_1",
        "gateways": "stripe, shopify_payments", "is_default": "on", "operation_id": "s1",
    }  # fmt: skip
    owner.post(f"{SETTINGS}integrations/new/refunds/stripe/", body)
    with merchant_scope(shop.pk):
        account = ProviderAccount.objects.get(provider="stripe")
    page = owner.get(f"{SETTINGS}integrations/{account.pk}/").content.decode()

    owner.post(f"{SETTINGS}integrations/{account.pk}/", {"name": "Stripe EU", "gateways": "stripe"})

    assert "sk_test_secret" not in page
    assert f"/hooks/{account.webhook_token}/" in page
    with merchant_scope(shop.pk):
        account.refresh_from_db()
        assert account.credentials == {"api_key": "sk_test_secret", "webhook_secret": "whsec_1"}
        assert (account.name, account.gateways) == ("Stripe EU", ["stripe"])


def test_new_default_account_takes_over_from_the_one_before(owner: Client, shop: Merchant) -> None:
    body = {"name": "By hand", "is_default": "on", "gateways": "", "operation_id": "m1"}

    owner.post(f"{SETTINGS}integrations/new/refunds/manual/", body)

    with merchant_scope(shop.pk):
        defaults = ProviderAccount.objects.filter(role="refunds", is_default=True)
        assert [account.name for account in defaults] == ["By hand"]


def test_account_without_its_key_is_asked_for_it(owner: Client, shop: Merchant) -> None:
    answer = owner.post(
        f"{SETTINGS}integrations/new/carrier/easypost/", {"name": "EasyPost", "operation_id": "e"}
    )

    assert answer.status_code == 422
    with merchant_scope(shop.pk):
        assert not ProviderAccount.objects.filter(provider="easypost").exists()


def test_unknown_provider_is_not_found(owner: Client) -> None:
    assert owner.get(f"{SETTINGS}integrations/new/refunds/bitcoin/").status_code == 404


def test_location_is_added_and_the_default_one_stays_open(owner: Client, shop: Merchant) -> None:
    body = {
        "name": "Shop Dublin",
        "code": "DUB",
        "street1": "1 Quay",
        "city": "Dublin",
        "country": "ie",
    }
    owner.post(f"{SETTINGS}locations/new/", body)
    with merchant_scope(shop.pk):
        default = Location.objects.get(is_default=True)
        added = Location.objects.get(code="DUB")

    refused = owner.post(f"{SETTINGS}locations/{default.pk}/close/")
    owner.post(f"{SETTINGS}locations/{added.pk}/close/")

    assert refused.status_code == 409
    assert added.address["country"] == "IE"
    with merchant_scope(shop.pk):
        assert list(Location.objects.filter(is_active=True)) == [default]


# Policy


def policy_form(owner: Client, **changes: object) -> dict[str, object]:
    """Return the policy form as the page shows it, with changes."""
    page = owner.get(f"{HOME}policies/edit/")
    forms = [
        page.context["form"],
        page.context["terms"],
        page.context["reasons"].management_form,
        *page.context["reasons"],
    ]
    body: dict[str, object] = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if value not in (None, False, ""):
                body[bound.html_name] = "on" if value is True else value
    return {**body, **changes}


def test_policy_is_told_in_sentences(owner: Client) -> None:
    page = owner.get(f"{HOME}policies/").content.decode()

    assert "Accept returns within <b>30 days</b> of <b>delivery</b>" in page
    assert "Take <b>€4.95</b> off refunds. Not for <b>faulty</b>, <b>exchange</b>" in page


def test_policy_draft_changes_nothing_until_it_is_published(owner: Client, shop: Merchant) -> None:
    owner.post(f"{HOME}policies/edit/", policy_form(owner, days="45"))

    with merchant_scope(shop.pk):
        live, draft = PolicyVersion.objects.order_by("number")
        assert (live.status, live.document["window"]["days"]) == ("live", 30)
        assert (draft.status, draft.document["window"]["days"]) == ("draft", 45)
    page = owner.get(f"{HOME}policies/")
    assert page.context["changes"] == 1

    owner.post(f"{HOME}policies/publish/", {"name": "45 days"})

    with merchant_scope(shop.pk):
        assert dict(PolicyVersion.objects.values_list("number", "status")) == {
            1: "retired", 2: "live",
        }  # fmt: skip


def test_policy_form_without_changes_writes_the_same_document(
    owner: Client, shop: Merchant
) -> None:
    owner.post(f"{HOME}policies/edit/", policy_form(owner))

    with merchant_scope(shop.pk):
        live, draft = PolicyVersion.objects.order_by("number")
    assert draft.document == live.document


def test_policy_form_says_what_items_are_exchanged_for(owner: Client, shop: Merchant) -> None:
    changed = policy_form(owner, any_product="on", cheaper="store_credit", dearer="on")
    owner.post(f"{HOME}policies/edit/", changed)

    with merchant_scope(shop.pk):
        draft = PolicyVersion.objects.get(status="draft")
    assert draft.document["exchange"] == {
        "any_product": True, "cheaper": "store_credit", "dearer": "collect",
    }  # fmt: skip
    again = policy_form(owner)
    assert (again["any_product"], again["dearer"], again["cheaper"]) == ("on", "on", "store_credit")

    owner.post(f"{HOME}policies/edit/", policy_form(owner, any_product="", dearer=""))

    with merchant_scope(shop.pk):
        draft.refresh_from_db()
    assert draft.document["exchange"] == {
        "any_product": False, "cheaper": "store_credit", "dearer": "never",
    }  # fmt: skip


def test_policy_reason_is_added_and_another_taken_away(owner: Client, shop: Merchant) -> None:
    body = policy_form(owner, **{"r-0-label": ""})
    new = int(body["r-TOTAL_FORMS"]) - 1
    body |= {f"r-{new}-label": "Gift not wanted", f"r-{new}-resolutions": ["store_credit"]}

    owner.post(f"{HOME}policies/edit/", body)

    with merchant_scope(shop.pk):
        draft = PolicyVersion.objects.get(status="draft")
    keys = [reason["key"] for reason in draft.document["reasons"]]
    assert "too_small" not in keys
    assert keys[-1] == "gift_not_wanted"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fee": "4.999"}, "more decimal places"),
        ({"days": "900", "fault_days": "10"}, "Faults can&#x27;t close before other returns do."),
        ({"methods": []}, "This field is required"),
    ],
)
def test_policy_that_makes_no_sense_is_refused_with_the_field(
    owner: Client, shop: Merchant, changes: dict[str, object], words: str
) -> None:
    answer = owner.post(f"{HOME}policies/edit/", policy_form(owner, **changes))

    assert answer.status_code in (400, 422)
    assert words in answer.content.decode()
    with merchant_scope(shop.pk):
        assert not PolicyVersion.objects.filter(status="draft").exists()


def test_publish_without_a_draft_says_so(owner: Client) -> None:
    answer = owner.post(f"{HOME}policies/publish/")

    assert answer.status_code == 409
    assert "There is no draft to publish" in answer.content.decode()


# Team


def invitation(shop: Merchant) -> Invitation:
    with merchant_scope(shop.pk):
        return Invitation.objects.get()


def test_invited_person_joins_with_a_password_and_lands_in_the_shop(
    owner: Client, shop: Merchant
) -> None:
    owner.post(f"{SETTINGS}team/invite/", {"email": "New@Example.com", "role": "warehouse"})
    link = f"/invitations/{invitation_token(invitation(shop).pk)}/"
    person = Client()

    weak = person.post(link, {"name": "Nia", "password": "short"})
    answer = person.post(link, {"name": "Nia", "password": "a-long-password-9"})

    assert weak.status_code == 422
    assert answer["Location"] == HOME
    assert person.get(f"{HOME}station/").status_code == 200
    assert person.get(f"{SETTINGS}team/").status_code == 403
    with merchant_scope(shop.pk):
        assert Membership.objects.get(user__email="new@example.com").role == "warehouse"


def test_invitation_is_mailed_with_its_link_and_read_by_nobody_else(
    owner: Client, shop: Merchant
) -> None:
    owner.post(f"{SETTINGS}team/invite/", {"email": "new@example.com", "role": "manager"})
    link = f"/invitations/{invitation_token(invitation(shop).pk)}/"

    with merchant_scope(shop.pk):
        mail = Message.objects.get(kind="invitation")
    assert (mail.recipient, mail.status) == ("new@example.com", "queued")
    assert link in mail.text
    assert link in mail.html
    assert "Owner Person invites you" in " ".join(mail.text.split())
    assert mail.subject not in owner.get(f"{HOME}messages/").content.decode()
    assert owner.get(f"{HOME}messages/{mail.pk}/").status_code == 404


def test_invitation_works_once(owner: Client, shop: Merchant) -> None:
    owner.post(f"{SETTINGS}team/invite/", {"email": "new@example.com", "role": "agent"})
    link = f"/invitations/{invitation_token(invitation(shop).pk)}/"
    Client().post(link, {"name": "Nia", "password": "a-long-password-9"})

    again = Client().post(link, {"name": "Eve", "password": "a-long-password-9"})

    assert again.status_code == 409
    assert User.objects.filter(email="new@example.com").get().name == "Nia"


def test_invitation_of_a_known_person_needs_that_person(
    owner: Client, shop: Merchant, other_merchant: Merchant
) -> None:
    known = make_member(other_merchant, "agent", "known@example.com")
    owner.post(f"{SETTINGS}team/invite/", {"email": "known@example.com", "role": "agent"})
    link = f"/invitations/{invitation_token(invitation(shop).pk)}/"
    signed_in = Client()
    signed_in.force_login(known)

    by_stranger = Client().post(link, {"name": "Eve", "password": "a-long-password-9"})
    with merchant_scope(shop.pk):
        assert not Membership.objects.filter(user=known).exists()
    by_owner_of_address = signed_in.post(link)

    assert by_stranger.status_code == 200
    assert by_owner_of_address["Location"] == HOME
    with merchant_scope(shop.pk):
        assert Membership.objects.get(user=known).role == "agent"


def test_withdrawn_or_made_up_invitation_opens_nothing(owner: Client, shop: Merchant) -> None:
    owner.post(f"{SETTINGS}team/invite/", {"email": "new@example.com", "role": "agent"})
    offered = invitation(shop)

    owner.post(f"{SETTINGS}team/invitations/{offered.pk}/withdraw/")

    assert find_invitation(invitation_token(offered.pk)) is None
    assert Client().get(f"/invitations/{invitation_token(offered.pk)}/").status_code == 404


def test_last_owner_stays_owner(owner: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        own = Membership.objects.get()

    demoted = owner.post(f"{SETTINGS}team/{own.pk}/role/", {"role": "agent"})
    removed = owner.post(f"{SETTINGS}team/{own.pk}/remove/")

    assert (demoted.status_code, removed.status_code) == (409, 409)
    with merchant_scope(shop.pk):
        own.refresh_from_db()
    assert (own.role, own.is_active) == ("owner", True)


def test_removed_member_has_no_access_any_more(
    owner: Client, sign_in: Callable[..., Client], shop: Merchant
) -> None:
    agent = sign_in("agent")
    with merchant_scope(shop.pk):
        membership = Membership.objects.get(role="agent")

    owner.post(f"{SETTINGS}team/{membership.pk}/remove/")

    assert agent.get(HOME).status_code == 404


def test_inviting_a_member_again_says_so(owner: Client, sign_in: Callable[..., Client]) -> None:
    sign_in("agent", "here@example.com")

    answer = owner.post(f"{SETTINGS}team/invite/", {"email": "here@example.com", "role": "agent"})

    assert answer.status_code == 409
    assert "in the team already" in answer.content.decode()


# Choosing a shop


def test_member_of_one_shop_goes_straight_there(owner: Client) -> None:
    assert owner.get("/app/")["Location"] == HOME


def test_member_of_two_shops_chooses(owner: Client, other_merchant: Merchant) -> None:
    with merchant_scope(other_merchant.pk):
        Membership.objects.create(user=owner.user, role="analyst")  # type: ignore[attr-defined]

    page = owner.get("/app/").content.decode()

    assert 'href="/app/northloom/"' in page
    assert 'href="/app/southpine/"' in page


def test_sign_up_is_closed(db: None) -> None:
    page = Client().post("/accounts/signup/", {"email": "x@example.com"})

    assert page.status_code == 405
    assert "Accounts are by invitation" in Client().get("/accounts/signup/").content.decode()
