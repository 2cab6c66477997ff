"""Hash chain: every event holds the hash of the one before, so no line of it can be changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

__all__ = ["START", "digest", "written"]

START = "0" * 64
"""What the first event takes for the hash before it."""


def written(content: object) -> str:
    """Write content as JSON in the one way that is hashed."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(event: Mapping[str, Any], entries: Iterable[tuple[Any, ...]]) -> str:
    """Hash of an event: the hash before it, its own fields, and its entries in order of account."""
    fields = [event[name] for name in ("previous", "number", "key", "date", "subject", "details")]
    lines = sorted([list(entry) for entry in entries])
    return sha256(written([fields, lines]).encode("utf8")).hexdigest()
