"""Analytics: why things come back, how fast the money goes, and what it costs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from analytics.exports import report_csv
from analytics.report import Report
from analytics.selectors import report
from returns_portal.backoffice import report_words
from returns_portal.backoffice.base import page, staff_view
from returns_portal.backoffice.forms.reports import FREE, ReportForm
from returns_portal.core.clock import today
from returns_portal.core.csvio import csv_response
from returns_portal.core.errors import InvalidInput
from returns_portal.tenancy.permissions import Permission


def _report(request: HttpRequest, form: ReportForm) -> Report:
    merchant = request.merchant
    day = today(merchant.time_zone)
    return report(form.period(day), form.filters(), today=day, currency=merchant.currency)


@staff_view(permission=Permission.REPORTS_VIEW)
def reports(request: HttpRequest) -> HttpResponse:
    """Show the report; a period or filter that makes no sense is named and left out."""
    form = ReportForm(request.GET)
    found = _report(request, form)
    query = request.GET.urlencode()
    context = {
        "form": form,
        "report": found,
        "tiles": report_words.tiles(found),
        "finding": report_words.finding(found),
        "charts": [
            report_words.reasons(found),
            report_words.processing(found),
            report_words.endings(found),
        ],
        "countries": report_words.countries(found),
        "promise_rows": report_words.promise_rows(found),
        "promises_about": report_words.ABOUT["promises_kept"],
        "cost_rows": report_words.cost_rows(found),
        "cost_missing": report_words.cost_missing(found),
        "average": found.now.return_rate.percent(),
        "open_note": report_words.open_note(found),
        "query": f"?{query}" if query else "",
        "chosen_days": str(found.period.days) if found.period.days else FREE,
        "reason_choices": report_words.reason_choices(found),
        "country_choices": report_words.country_choices(found),
    }
    status = 200 if form.is_valid() else 422
    return page(request, "backoffice/reports/report.html", "reports", context, status=status)


@staff_view(permission=Permission.REPORTS_VIEW)
def report_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """Send what the page shows, or the returns behind it, as a CSV file."""
    form = ReportForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This address is broken. Go back to the report and choose again.")
    found = _report(request, form)
    zone = ZoneInfo(request.merchant.time_zone)
    header, rows = report_csv(name, found, merchant_id=request.merchant.pk, zone=zone)
    span = f"{found.period.first}-{found.period.last}"
    return csv_response(f"{name}-{found.currency.lower()}-{span}.csv", header, rows)
