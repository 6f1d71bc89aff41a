"""The parcel: its label is planned, bought, refused, replaced or cancelled."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import StaffTask
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from returns_portal.core.ids import new_token
from returns_portal.integrations.calls import cancel_call, plan_call
from returns_portal.integrations.models import ProviderAccount, ProviderCall
from rma.carriers.labels import MAX_LABEL_BYTES, label_format_of
from rma.carriers.registry import carrier_class
from rma.labels import store_label
from rma.locks import lock_return
from rma.models import Return, Shipment
from rma.stages import refresh_stage
from rma.states import ReturnStatus, ShipmentStatus, check_transition

BUY = "shipping.buy_label"
CANCEL = "shipping.cancel_label"
OWN = "manual"
_GONE = (ShipmentStatus.VOID, ShipmentStatus.FAILED)
_BEFORE_ARRIVAL = (ShipmentStatus.PENDING, ShipmentStatus.READY, ShipmentStatus.IN_TRANSIT)


def plan_label(rma: Return, *, actor: Actor, is_new: bool = False) -> Shipment:
    """Plan a label for a locked, approved return; a return with a living parcel keeps it.

    One made in this very transaction (``is_new``) has none to look for. Without a carrier
    account, or with one that sells no labels, a person is asked to make the label by hand.
    """
    with action_transaction():
        alive = None if is_new else alive_shipment(rma)
        if alive is not None:
            return alive
        account = ProviderAccount.objects.filter(
            role=ProviderAccount.Role.CARRIER,
            is_default=True,
            status=ProviderAccount.Status.ACTIVE,
        ).first()
        shipment = Shipment(
            rma=rma, account=account, carrier_driver=account.provider if account else OWN
        )
        if account and carrier_class(account.provider).capabilities.sells_labels:
            shipment.save(force_insert=True)
            _plan_purchase(shipment, attempt=1)
        else:
            shipment.status = ShipmentStatus.FAILED
            shipment.failure = "No carrier that sells labels is connected."
            shipment.save(force_insert=True)
            _tell_refused(shipment, actor)
            refresh_stage(rma)
    return shipment


def retry_label(rma_id: UUID, *, actor: Actor) -> Shipment:
    """Try a refused label again, with the account and the addresses as they are now.

    Uses the same shipment and a new call: a refusal means that certainly nothing was bought.
    """
    with action_transaction():
        rma = lock_return(rma_id)
        _check_open(rma)
        shipment = _newest(rma)
        if shipment is None or shipment.status != ShipmentStatus.FAILED:
            raise InvalidTransition("There is no failed label to try again. Reload the page.")
        account = ProviderAccount.objects.filter(
            role=ProviderAccount.Role.CARRIER, is_default=True
        ).first()
        if account is None or not carrier_class(account.provider).capabilities.sells_labels:
            raise Conflict(
                "No carrier that sells labels is connected. Connect one in the settings, or "
                "upload a label of your own.",
                code="no_carrier",
            )
        check_transition("shipment", shipment.status, ShipmentStatus.PENDING)
        shipment.status = ShipmentStatus.PENDING
        shipment.account, shipment.carrier_driver = account, account.provider
        shipment.prepared, shipment.provider_shipment_id, shipment.failure = {}, "", ""
        shipment.save()
        tried = ProviderCall.objects.filter(subject_id=shipment.pk, kind=BUY).count()
        _plan_purchase(shipment, attempt=tried + 1)
        _close_label_task(shipment, actor)
        refresh_stage(rma)
    return shipment


def cancel_label(rma_id: UUID, *, actor: Actor) -> Shipment | None:
    """Void a label that was not handed in, and ask for its price back if it was bought.

    A purchase under way is voided when its answer comes. A parcel that is moving stays as it is;
    returns the shipment that was voided, or None.
    """
    with action_transaction():
        rma = lock_return(rma_id)
        shipment = alive_shipment(rma)
        if shipment is None or shipment.status not in (
            ShipmentStatus.PENDING,
            ShipmentStatus.READY,
        ):
            return None
        bought = shipment.status == ShipmentStatus.READY
        check_transition("shipment", shipment.status, ShipmentStatus.VOID)
        shipment.status = ShipmentStatus.VOID
        shipment.save(update_fields=["status"])
        if bought:
            _plan_cancellation(shipment)
        else:
            cancel_call(shipment.pk, BUY)
        record_event(
            EventKind.LABEL_CANCELLED,
            subject_kind="shipment",
            subject_id=shipment.pk,
            about_id=rma.pk,
            actor=actor,
            bought=bought,
        )
        refresh_stage(rma)
    return shipment


def drop_label(rma_id: UUID, *, actor: Actor) -> None:
    """Do without the label of a return that is sent another way or is looked at again.

    Like :func:`cancel_label`; one that could not be made no longer waits for a person.
    """
    with action_transaction():
        if cancel_label(rma_id, actor=actor) is not None:
            return
        rma = lock_return(rma_id)
        shipment = _newest(rma)
        if shipment is not None and shipment.status == ShipmentStatus.FAILED:
            check_transition("shipment", shipment.status, ShipmentStatus.VOID)
            shipment.status = ShipmentStatus.VOID
            shipment.save(update_fields=["status"])
            _close_label_task(shipment, actor, "No label is needed any more")
            refresh_stage(rma)


def set_own_tracking(rma_id: UUID, *, actor: Actor, carrier: str, tracking_code: str) -> Shipment:
    """Note how the shopper sent the parcel; an unused label of ours is voided."""
    code = tracking_code.strip()
    if not tracking_key(code) or len(code) > 80:
        raise InvalidInput(_("Enter the tracking number from your receipt."), field="tracking_code")
    with action_transaction():
        rma = lock_return(rma_id)
        _check_open(rma)
        shipment = _own_shipment(rma, actor)
        if shipment.tracking_code == code and shipment.carrier == carrier.strip()[:60]:
            return shipment
        if shipment.status not in _BEFORE_ARRIVAL:
            raise InvalidTransition(_("The parcel has arrived, so its number can't be changed."))
        shipment.carrier = carrier.strip()[:60]
        shipment.tracking_code, shipment.tracking_key = code, tracking_key(code)
        shipment.status = ShipmentStatus.IN_TRANSIT
        shipment.ready_at = shipment.ready_at or now()
        shipment.save()
        record_event(
            EventKind.TRACKING_ADDED,
            subject_kind="shipment",
            subject_id=shipment.pk,
            about_id=rma.pk,
            actor=actor,
            carrier=shipment.carrier,
        )
        refresh_stage(rma)
    return shipment


def upload_label(
    rma_id: UUID, *, actor: Actor, content: bytes, carrier: str, tracking_code: str
) -> Shipment:
    """Give the shopper a label that the merchant made elsewhere. PDF, PNG or ZPL, up to 5 MB."""
    if len(content) > MAX_LABEL_BYTES or label_format_of(content) is None:
        raise InvalidInput("Upload a label as PDF or PNG of up to 5 MB.", field="label")
    code = tracking_code.strip()[:80]
    with action_transaction():
        rma = lock_return(rma_id)
        _check_open(rma)
        shipment = _own_shipment(rma, actor)
        if shipment.status not in (ShipmentStatus.PENDING, ShipmentStatus.READY):
            raise Conflict("The parcel is on its way already, so it needs no new label.")
        shipment.status = ShipmentStatus.READY
        shipment.carrier = carrier.strip()[:60]
        shipment.tracking_code, shipment.tracking_key = code, tracking_key(code)
        shipment.label_path = store_label(content)
        shipment.ready_at = now()
        shipment.save()
        _tell_ready(shipment, actor)
        refresh_stage(rma)
    return shipment


def label_bought(shipment_id: UUID, answer: dict[str, object]) -> None:
    """Write a bought label into its shipment, once. A return cancelled meanwhile gives it back."""
    with action_transaction():
        rma, shipment = _locked(shipment_id)
        if shipment.tracking_code:
            return
        cost = answer.get("cost_minor")
        shipment.cost_minor = cost if isinstance(cost, int) else None
        shipment.currency = str(answer.get("currency") or "")
        shipment.carrier = str(answer["carrier"])[:60]
        shipment.service = str(answer["service"])[:60]
        shipment.tracking_code = str(answer["tracking_code"])[:80]
        shipment.tracking_key = tracking_key(shipment.tracking_code)
        shipment.tracking_url = str(answer.get("tracking_url") or "")[:500]
        shipment.label_path = str(answer.get("label_path") or "")
        shipment.provider_shipment_id = str(answer["shipment_id"])[:80]
        # There is nothing to ask the carrier about for a while.
        shipment.ready_at = shipment.polled_at = now()
        if shipment.status == ShipmentStatus.VOID:
            shipment.save()
            _plan_cancellation(shipment)
            return
        check_transition("shipment", shipment.status, ShipmentStatus.READY)
        shipment.status = ShipmentStatus.READY
        shipment.failure = ""
        shipment.save()
        _tell_ready(shipment, SYSTEM)
        if not shipment.label_path:
            _ask_for_file(shipment)
        refresh_stage(rma)


def label_refused(shipment_id: UUID, message: str) -> None:
    """Note that no label could be bought and put it before a person."""
    with action_transaction():
        rma, shipment = _locked(shipment_id)
        if shipment.status != ShipmentStatus.PENDING:
            return
        shipment.status = ShipmentStatus.FAILED
        shipment.failure = message[:300]
        shipment.save(update_fields=["status", "failure"])
        _tell_refused(shipment, SYSTEM)
        refresh_stage(rma)


def alive_shipment(rma: Return) -> Shipment | None:
    """Lock and return the return's living parcel; the database allows one."""
    return (
        Shipment.objects.select_for_update(of=("self",))
        .filter(rma=rma)
        .exclude(status__in=_GONE)
        .first()
    )


def tracking_key(code: str) -> str:
    """Return a tracking code as scanners and people agree on it: letters and digits, upper case."""
    return "".join(sign for sign in code.upper() if sign.isascii() and sign.isalnum())


def _newest(rma: Return) -> Shipment | None:
    return Shipment.objects.filter(rma=rma).order_by("-created_at", "-pk").first()


def _locked(shipment_id: UUID) -> tuple[Return, Shipment]:
    rma_id = Shipment.objects.filter(pk=shipment_id).values_list("rma_id", flat=True).first()
    if rma_id is None:
        raise NotFound("This parcel does not exist.")
    rma = lock_return(rma_id)
    return rma, Shipment.objects.select_for_update(of=("self",)).get(pk=shipment_id)


def _own_shipment(rma: Return, actor: Actor) -> Shipment:
    """Return the parcel that somebody else labels, taking the place of an unused one of ours."""
    alive = alive_shipment(rma)
    if alive is not None and alive.carrier_driver != OWN:
        if cancel_label(rma.pk, actor=actor) is None:
            raise Conflict(
                _("The parcel is on its way with our label. Its tracking is on the return's page.")
            )
        alive = None
    return alive or Shipment(rma=rma, carrier_driver=OWN)


def _check_open(rma: Return) -> None:
    if rma.status != ReturnStatus.OPEN:
        raise InvalidTransition(
            f"This return is {rma.status.replace('_', ' ')}. Only an approved one can be sent."
        )


def _plan_purchase(shipment: Shipment, *, attempt: int) -> None:
    plan_call(
        BUY,
        key=f"label:{shipment.pk}:{attempt}",
        subject_id=shipment.pk,
        account_id=shipment.account_id,
        about_id=shipment.rma_id,
        params={"file": new_token()},
    )


def _plan_cancellation(shipment: Shipment) -> None:
    if carrier_class(shipment.carrier_driver).capabilities.cancels:
        plan_call(
            CANCEL,
            key=f"void:{shipment.pk}",
            subject_id=shipment.pk,
            account_id=shipment.account_id,
            about_id=shipment.rma_id,
        )


def _tell_ready(shipment: Shipment, actor: Actor) -> None:
    record_event(
        EventKind.LABEL_READY,
        subject_kind="shipment",
        subject_id=shipment.pk,
        about_id=shipment.rma_id,
        actor=actor,
        carrier=shipment.carrier,
        service=shipment.service,
        cost_minor=shipment.cost_minor,
        currency=shipment.currency,
    )


def _tell_refused(shipment: Shipment, actor: Actor) -> None:
    record_event(
        EventKind.LABEL_FAILED,
        subject_kind="shipment",
        subject_id=shipment.pk,
        about_id=shipment.rma_id,
        actor=actor,
        reason=shipment.failure,
    )
    open_task(
        kind="label_failed",
        key=_task_key(shipment),
        subject_kind="shipment",
        subject_id=shipment.pk,
        about_id=shipment.rma_id,
        title="A label could not be made",
        detail=f"{shipment.failure} Mend the cause and try again, or upload a label of your own.",
    )


def _ask_for_file(shipment: Shipment) -> None:
    open_task(
        kind="label_file_missing",
        key=f"label_file:{shipment.pk}",
        subject_kind="shipment",
        subject_id=shipment.pk,
        about_id=shipment.rma_id,
        title="The carrier's label file could not be read",
        detail=f"The label {shipment.tracking_code} is bought. Download it at the carrier and "
        "send it to the shopper.",
    )


def _task_key(shipment: Shipment) -> str:
    return f"label:{shipment.pk}"


def _close_label_task(shipment: Shipment, actor: Actor, note: str = "Tried again") -> None:
    task = StaffTask.objects.filter(key=_task_key(shipment), status=StaffTask.Status.OPEN).first()
    if task is not None:
        close_task(task.pk, actor=actor, note=note)
