"""The five rules of the architecture, read off the source with ``ast``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parents[2]

# From the bottom up; packages on one line do not import each other.
LAYERS: list[set[str]] = [
    {"returns_portal.env", "returns_portal.core"},
    {"returns_portal.tenancy"},
    {"returns_portal.activity"},
    {"returns_portal.integrations"},
    {"returns_portal.commerce"},
    {"inventory", "refunds"},
    {"rma"},
    {"notifications"},
    {"analytics"},
    {"returns_portal.portal", "returns_portal.backoffice", "returns_portal.api"},
]
LEVEL = {package: level for level, packages in enumerate(LAYERS) for package in packages}
# Wiring: imports anything, imported by nobody.
WIRING = {
    "returns_portal.settings",
    "returns_portal.urls",
    "returns_portal.celery",
    "returns_portal.wsgi",
    "returns_portal.asgi",
    "returns_portal.local",
    "returns_portal.__init__",
}


def product_files() -> list[Path]:
    tops = ["returns_portal", "rma", "inventory", "refunds", "notifications", "analytics"]
    return sorted(
        path
        for top in tops
        for path in (ROOT / top).rglob("*.py")
        if "migrations" not in path.parts
    )


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def package_of(name: str) -> str | None:
    parts = name.split(".")
    for size in (2, 1):
        package = ".".join(parts[:size])
        if package in LEVEL or package in WIRING:
            return package
    return None


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


FILES = product_files()
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_layers_import_downwards_only() -> None:
    wrong = []
    for path, tree in TREES.items():
        own = package_of(module_name(path))
        if own is None or own in WIRING:
            continue
        for line, name in imports(tree):
            other = package_of(name)
            if other is None or other == own:
                continue
            if other in WIRING or LEVEL[other] >= LEVEL[own]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert sorted(set(wrong)) == []


def test_foreign_keys_follow_the_import_direction() -> None:
    wrong = []
    for model in apps.get_models():
        own = package_of(model.__module__)
        if own is None:
            continue
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey):
                other = package_of(field.remote_field.model.__module__)
                if other and other != own and LEVEL[other] >= LEVEL[own]:
                    wrong.append(f"{model.__name__}.{field.name}")
    assert wrong == []


def test_first_party_imports_stand_at_the_top_of_their_module() -> None:
    wrong = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            # AppConfig.ready is Django's own place for them.
            if node.name == "ready" and path.name == "apps.py":
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom) and package_of(inner.module or ""):
                    wrong.append(f"{path.relative_to(ROOT)}:{inner.lineno}")
    assert wrong == []


def test_modules_stay_under_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in FILES
        if (lines := path.read_text(encoding="utf-8").count("\n")) >= 400
    }
    assert long == {}


ALLOWED = {
    "all_tenants": {"tenancy", "activity", "integrations", "core", "local", "api", "notifications"},
    "system_scope": {
        "tenancy",
        "activity",
        "integrations",
        "core",
        "local",
        "api",
        "notifications",
    },
}


@pytest.mark.parametrize("word", sorted(ALLOWED))
def test_crossing_merchants_is_kept_to_its_packages(word: str) -> None:
    wrong = []
    for path in FILES:
        parts = path.relative_to(ROOT).parts
        package = parts[1] if parts[0] == "returns_portal" else parts[0]
        if package.removesuffix(".py") in ALLOWED[word]:
            continue
        for node in ast.walk(TREES[path]):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            if name == word:
                wrong.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}")
    assert wrong == []


# A provider's library is imported by that provider's driver alone, an HTTP client by the one door.
# The drivers hand their libraries a session with our own limits.
SESSIONS = ("returns_portal/core/http", "refunds/providers/stripe", "rma/carriers/easypost")
LIBRARIES: dict[str, tuple[str, ...]] = {
    "stripe": ("refunds/providers/stripe",),
    "easypost": ("rma/carriers/easypost",),
    "requests": SESSIONS,
    "urllib3": SESSIONS,
    "http.client": SESSIONS,
    "smtplib": ("notifications/channels/email",),
    "weasyprint": ("returns_portal/core/pdf",),
    "plutoprint": ("returns_portal/core/pdf",),
}


def named(name: str) -> tuple[str, ...] | None:
    """Return where the outside library of ``name`` may be imported, or None if anywhere."""
    for library, places in LIBRARIES.items():
        if name == library or name.startswith(library + "."):
            return places
    return None


def test_outside_libraries_are_used_in_their_one_place() -> None:
    wrong = set()
    for path, tree in TREES.items():
        where = str(path.relative_to(ROOT))
        for line, name in imports(tree):
            places = named(name)
            if places and not where.startswith((*places, "returns_portal/local/")):
                wrong.add(f"{where}:{line} imports {name}")
    assert sorted(wrong) == []


def test_only_the_clock_asks_for_the_time() -> None:
    wrong = []
    for path, tree in TREES.items():
        where = str(path.relative_to(ROOT))
        if where == "returns_portal/core/clock.py" or where.startswith("returns_portal/local/"):
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"now", "utcnow", "today"}
                and getattr(node.func.value, "id", "") in {"datetime", "timezone", "date"}
            ):
                wrong.append(f"{where}:{node.lineno}")
    assert wrong == []


MONEY_ROOMS = ("refunds/", "rma/quoting", "rma/policy", "returns_portal/core/money")


def test_money_code_has_no_float() -> None:
    wrong = []
    for path, tree in TREES.items():
        where = str(path.relative_to(ROOT))
        if not where.startswith(MONEY_ROOMS) or where.startswith("refunds/providers/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                wrong.append(f"{where}:{node.lineno}")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
                wrong.append(f"{where}:{node.lineno}")
    assert wrong == []
