from __future__ import annotations

import json
from pathlib import Path

import pytest

from returns_portal.local import announce
from returns_portal.local.progress import LocalError

NORTHLOOM = {
    "name": "Northloom",
    "slug": "northloom",
    "orders": [{"number": "#1001", "email": "ada@example.com", "what": "two items"}],
    "members": [
        {"role": "owner", "email": "owner@northloom.example", "password": "try-this"},
        {"role": "warehouse", "email": "dock@northloom.example", "password": "try-that"},
    ],
}


def test_addresses_tell_what_to_open_and_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps({"merchants": [NORTHLOOM]}))

    merchants = announce.read_facts(tmp_path / "facts.json")
    lines = announce.addresses(merchants, web_port=8001, mail_port=8026)

    assert lines == [
        "",
        "  Northloom",
        "  Shopper portal    http://localhost:8001/r/northloom/",
        "                    order #1001  ada@example.com  two items",
        "  Back office       http://localhost:8001/app/northloom/",
        "                    owner      owner@northloom.example  try-this",
        "                    warehouse  dock@northloom.example   try-that",
        "",
        "  E-mails           http://localhost:8026/",
    ]


def test_addresses_without_a_demo_still_name_the_web(tmp_path: Path) -> None:
    merchants = announce.read_facts(tmp_path / "facts.json")

    assert "  Web               http://localhost:8001/" in announce.addresses(
        merchants, web_port=8001, mail_port=8026
    )


def test_read_facts_damaged_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text("[")

    with pytest.raises(LocalError, match="--reset"):
        announce.read_facts(tmp_path / "facts.json")
