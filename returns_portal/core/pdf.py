"""Turn our own HTML into PDF. WeasyPrint does it; plutoprint does where Pango is not installed.

Documents may use ``data:`` addresses and ``static:`` ones (``static:fonts/x.woff2``, our own static
files) and nothing else: whatever a merchant's or shopper's text smuggles into a page, rendering
opens no file and no connection. Both engines are heavy and imported on first use, in workers.
"""

from __future__ import annotations

import logging
import mimetypes
import threading
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from django.contrib.staticfiles import finders

if TYPE_CHECKING:
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

logger = logging.getLogger(__name__)

Engine = Literal["weasyprint", "plutoprint"]
STATIC_SCHEME = "static:"
# The engines share fonts between documents and promise nothing about threads.
_one_at_a_time = threading.Lock()


class AssetRefused(ValueError):
    """A document asked for something other than its own data or our static files."""


def render(html: str, *, tagged: bool = False) -> bytes:
    """Return ``html`` as PDF bytes.

    ``tagged`` adds the structure that screen readers use (WeasyPrint only); leave it out for
    labels. The page size comes from the document's own ``@page``.
    """
    with _one_at_a_time:
        if engine() == "weasyprint":
            return _with_weasyprint(html, tagged)
        return _with_plutoprint(html)


@cache
def engine() -> Engine:
    """Return the engine this machine can use; the answer is found once per process."""
    try:
        import weasyprint  # noqa: F401
    except OSError as error:
        logger.warning("pdf.fallback_engine", extra={"reason": str(error).splitlines()[0]})
        return "plutoprint"
    # Ten lines a page on what it does; only its complaints are worth keeping.
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    return "weasyprint"


def static_file(name: str) -> tuple[bytes, str]:
    """Return one of our static files and its media type. Raises AssetRefused."""
    if ".." in name or name.startswith(("/", "\\")):
        raise AssetRefused(f"{name!r} is no static file")
    found = finders.find(name)
    if not isinstance(found, str) or not Path(found).is_file():
        raise AssetRefused(f"{name!r} is no static file")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Path(found).read_bytes(), kind


def _asset(url: str) -> tuple[bytes, str]:
    if not url.lower().startswith(STATIC_SCHEME):
        raise AssetRefused("documents load only data: and static: addresses")
    return static_file(unquote(url[len(STATIC_SCHEME) :]))


def _with_weasyprint(html: str, tagged: bool) -> bytes:
    import weasyprint

    document = weasyprint.HTML(string=html, base_url="static:", url_fetcher=_weasyprint_fetcher())
    options: dict[str, Any] = {"pdf_variant": "pdf/ua-1"} if tagged else {}
    return bytes(document.write_pdf(font_config=_weasyprint_fonts(), **options))


@cache
def _weasyprint_fonts() -> FontConfiguration:
    """Keep one font configuration per process: finding the machine's fonts is the slow part."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


@cache
def _weasyprint_fetcher() -> URLFetcher:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnAssets(URLFetcher):  # type: ignore[misc]
        """Serve data: and static: and refuse everything else."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if url.lower().startswith("data:"):
                return super().fetch(url, headers)
            content, kind = _asset(url)
            return URLFetcherResponse(url, content, {"Content-Type": kind})

    return OwnAssets(allowed_protocols=("data",), allow_redirects=False)


def _with_plutoprint(html: str) -> bytes:
    import plutoprint

    class OwnAssets(plutoprint.ResourceFetcher):
        """Serve static: and give nothing for anything else; data: never gets here."""

        def fetch_url(self, url: str) -> plutoprint.ResourceData:
            try:
                content, kind = _asset(url)
            except AssetRefused:
                # An error raised here is printed and then ignored, so nothing is served instead.
                content, kind = b"", "application/octet-stream"
            return plutoprint.ResourceData(content, kind, "")

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, plutoprint.PAGE_MARGINS_NONE)
    book.custom_resource_fetcher = OwnAssets()
    book.load_html(html)
    out = BytesIO()
    book.write_to_pdf_stream(out)
    return out.getvalue()
