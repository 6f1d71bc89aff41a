"""The forms of a page, as a browser would send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form with the values that stand in it; a list where several may be chosen."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def sent(self, **changes: object) -> dict[str, object]:
        return {**self.fields, **changes}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.open: Form | None = None
        self.select = ""
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self.open)
            self.by_id[given.get("id", "")] = self.open
        elif tag == "a" and given.get("href"):
            self.links.add(given["href"])
        elif tag in ("input", "textarea", "select", "button", "option"):
            self._control(tag, given)

    def _control(self, tag: str, given: Mapping[str, str]) -> None:
        form = self.by_id.get(given.get("form", ""), self.open) if "form" in given else self.open
        if form is None:
            return
        if tag == "option":
            if self.select and ("selected" in given or not form.fields[self.select]):
                form.fields[self.select] = [given.get("value", "")]
            return
        name = given.get("name", "")
        if not name:
            return
        kind = given.get("type", "")
        if kind == "file":
            form.files.add(name)
            return
        known = form.fields.setdefault(name, [])
        if tag == "select":
            self.select = name
        elif kind == "radio":
            if "checked" in given or not known:
                form.fields[name] = [given.get("value", "on")]
        elif kind == "checkbox":
            if "checked" in given:
                known.append(given.get("value", "on"))
        else:
            known.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""


def forms_of(page: str) -> list[Form]:
    """Return the forms of a page, in its order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def links_of(page: str) -> set[str]:
    reader = _Reader()
    reader.feed(page)
    return reader.links
