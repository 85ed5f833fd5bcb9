"""Tokens as a forger, or an older or newer version of us, would make them."""

import base64
import json
from typing import Any

import jwt
from django.conf import settings


def part(value: Any) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    """What a token says; nobody checks whether it is right."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def header_of(token: str) -> dict[str, Any]:
    """A token's header."""
    return dict(jwt.get_unverified_header(token))


def signed(claims: dict[str, Any], **changes: Any) -> str:
    """A token with our own key and these claims, some changed; those changed to None are left out."""
    kid, key = next(iter(settings.TOKEN_KEYS.items()))
    said = {name: value for name, value in (claims | changes).items() if value is not None or name == "indigg_id"}
    # Below jwt.encode, which refuses to write claims of the wrong type.
    return jwt.PyJWS().encode(json.dumps(said).encode(), key, algorithm="HS256", headers={"kid": kid, "typ": "JWT"})
