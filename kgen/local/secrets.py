"""The product's own secrets: generated once and kept in the home."""

from __future__ import annotations

import base64
import os
import secrets

from .home import Home


def environment(home: Home) -> dict[str, str]:
    """The secrets as settings, without those that the environment sets already. Missing ones are generated."""
    kept = home.read_json("secrets.json")
    missing = {name: value for name, value in _fresh().items() if not isinstance(kept.get(name), str)}
    if missing:
        kept |= missing
        home.write_json("secrets.json", kept)
    return {name: value for name, value in kept.items() if name not in os.environ}


def _fresh() -> dict[str, str]:
    return {
        "KGEN_SECRET_KEY": secrets.token_urlsafe(48),
        "KGEN_TOKEN_KEYS": f"k1:{_key()}",
        "KGEN_PEPPER": _key(),
    }


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
