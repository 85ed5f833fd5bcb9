"""Disables content negotiation. In a module of its own, because importing DRF reads the setting that names it."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation


class NoNegotiation(BaseContentNegotiation):
    """Always selects the first parser and renderer; ignores Accept and `?format=`."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
