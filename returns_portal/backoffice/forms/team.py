"""Forms about people: inviting one, joining as one."""

from __future__ import annotations

from django import forms
from django.contrib.auth.password_validation import validate_password

from returns_portal.tenancy.models import User
from returns_portal.tenancy.permissions import Role

ROLES = [(role.value, role.name.title()) for role in Role]


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=ROLES, initial=Role.AGENT.value)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=ROLES)


class JoinForm(forms.Form):
    """What a new person gives to join; the e-mail is the invitation's."""

    name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        help_text="10 characters or more.",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.data.get("name", "")))
        return password
