"""The checkout's files as text, and the settings that the code reads."""

import ast
from pathlib import Path

from django.conf import settings

ROOT: Path = settings.BASE_DIR


def read(name: str) -> str:
    """A file of the checkout."""
    return (ROOT / name).read_text()


def settings_read() -> dict[str, str | None]:
    """The variables that kgen/settings.py reads, with their defaults as text; None where it is worked out."""
    found: dict[str, str | None] = {}
    for call in ast.walk(ast.parse(read("kgen/settings.py"))):
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=reader), args=[ast.Constant(value=name), *rest]
            ):
                if reader not in ("refuse", "refuse_unknown", "key_bytes"):
                    found[str(name)] = default_text(rest[0] if rest else ast.Constant(value=None))
            case ast.Call(func=ast.Name(id="_of_provider"), args=[_, ast.Constant(value=name)]):
                found[str(name)] = ""
    return found


def default_text(node: ast.expr) -> str | None:
    """How an environment variable would spell a default."""
    try:
        value = eval(compile(ast.fix_missing_locations(ast.Expression(node)), "settings", "eval"), {"__builtins__": {}})
    except (NameError, TypeError):
        return None
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


ALWAYS_SET = ("DATABASE_URL", "REDIS_URL", "KGEN_SECRET_KEY", "KGEN_TOKEN_KEYS", "KGEN_PEPPER")
