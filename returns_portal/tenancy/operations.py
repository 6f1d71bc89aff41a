"""Migration operations that make PostgreSQL keep the tenancy and append-only promises."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

from returns_portal.tenancy.base import TenantForeignKey

_OWN = "merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid"
_ALL = "current_setting('app.all_tenants', true) = 'on'"


class EnableTenancy(Operation):
    """Bind the named models' tables to their merchant.

    Forced row-level security on reads and writes; ``UNIQUE (merchant_id, id)`` as the target of
    composite references; one composite foreign key for each TenantForeignKey, so that no row points
    into another merchant. ``crossing`` names the models that ``system_scope`` may read and write.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, *models: str, crossing: tuple[str, ...] = ()) -> None:
        self.models = models
        self.crossing = tuple(crossing)

    def deconstruct(self) -> Any:
        return (type(self).__name__, list(self.models), {"crossing": self.crossing})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        for name in (*self.models, *self.crossing):
            model = to_state.apps.get_model(app_label, name)
            self._bind(schema_editor, model, crossing=name in self.crossing)
        for name in (*self.models, *self.crossing):
            self._reference(schema_editor, to_state.apps.get_model(app_label, name))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Nothing to undo: going further back drops the tables with their policies."""

    def describe(self) -> str:
        return f"Bind {', '.join((*self.models, *self.crossing))} to their merchant"

    @staticmethod
    def _bind(editor: Any, model: Any, *, crossing: bool) -> None:
        table = model._meta.db_table
        condition = f"({_OWN} OR {_ALL})" if crossing else _OWN
        editor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_tenant" '
                       "UNIQUE (merchant_id, id)")  # fmt: skip
        editor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        editor.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        editor.execute(
            f'CREATE POLICY merchant ON "{table}" USING ({condition}) WITH CHECK ({condition})'
        )

    @staticmethod
    def _reference(editor: Any, model: Any) -> None:
        table = model._meta.db_table
        for field in model._meta.local_fields:
            if not isinstance(field, TenantForeignKey):
                continue
            target = field.remote_field.model._meta.db_table
            name = f"{table}_{field.column}_own"[:63]
            editor.execute(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" '
                f'FOREIGN KEY (merchant_id, "{field.column}") '
                f'REFERENCES "{target}" (merchant_id, id) DEFERRABLE INITIALLY DEFERRED'
            )


class AppendOnly(Operation):
    """Refuse every UPDATE and DELETE on the named models' tables, by trigger."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, *models: str) -> None:
        self.models = models

    def deconstruct(self) -> Any:
        return (type(self).__name__, list(self.models), {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        schema_editor.execute(_REFUSE, None)
        for name in self.models:
            table = to_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(
                f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" '
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        for name in self.models:
            table = from_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(f'DROP TRIGGER append_only ON "{table}"')

    def describe(self) -> str:
        return f"Make {', '.join(self.models)} append-only"


_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: write a correcting row instead', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""
