"""What every tenant table has: its own merchant, a time-ordered id, a scoped manager."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from returns_portal.core.ids import new_id
from returns_portal.tenancy.managers import AllTenantsManager, TenantManager, stamp


class TenantForeignKey(models.ForeignKey):
    """A reference to another tenant row.

    Has no plain constraint: ``EnableTenancy`` adds a composite one over ``(merchant_id, x_id)``, as
    a plain one would let a row point into another merchant. Indexed only where asked for.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        """Say whether it is indexed: Django leaves out True, which is not the default here."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"db_index": self.db_index}


class TenantModel(models.Model):
    """A row of one merchant, bound by the manager and by row-level security."""

    # Set by models whose rows system work must find across merchants (see core.scope.system_scope).
    crosses_merchants: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        "tenancy.Merchant", on_delete=models.PROTECT, db_index=False, related_name="+"
    )

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        stamp(self)
        super().save(*args, **kwargs)


class CrossMerchantModel(TenantModel):
    """A tenant row that ``system_scope`` may find across merchants through ``all_tenants``."""

    crosses_merchants: ClassVar[bool] = True

    all_tenants = AllTenantsManager()

    class Meta(TenantModel.Meta):
        abstract = True
