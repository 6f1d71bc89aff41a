"""Model fields that seal what they store."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from returns_portal.core import scope
from returns_portal.core.crypto import seal, unseal


class SealedTextField(models.Field):
    """Text that is encrypted in the database for the merchant in scope; empty text stays empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", "")
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        if kwargs.get("default") == "":
            del kwargs["default"]
        return name, path, args, kwargs

    def _column(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def encode(self, value: Any) -> str:
        return str(value)

    def decode(self, text: str) -> Any:
        return text

    def empty(self) -> Any:
        return ""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, memoryview):
            return value
        plain = self.encode(value) if value != self.empty() else ""
        sealed = (
            seal(plain.encode(), merchant_id=scope.current_merchant_id(), column=self._column())
            if plain
            else b""
        )
        return connection.Database.Binary(sealed)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        sealed = bytes(value)
        if not sealed:
            return self.empty()
        return self.decode(unseal(sealed, column=self._column()).decode())

    def value_to_string(self, obj: Any) -> str:
        return str(self.value_from_object(obj))

    def to_python(self, value: Any) -> Any:
        return value


class SealedJSONField(SealedTextField):
    """A JSON object that is encrypted in the database for the merchant in scope."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", dict)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if kwargs.get("default") is dict:
            del kwargs["default"]
        return name, path, args, kwargs

    def encode(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def decode(self, text: str) -> Any:
        return json.loads(text)

    def empty(self) -> Any:
        return {}
