"""An exception kept in a module grows by the frames of every raise, and keeps what they held."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("returns_portal", "rma", "refunds", "inventory", "notifications", "analytics")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_exception_is_made_once_and_raised_again(package: str) -> None:
    kept = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Name)
        and node.exc.id.strip("_").isupper()
    ]
    assert kept == []
