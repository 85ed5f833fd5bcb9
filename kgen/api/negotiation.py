"""Content negotiation: there is none. In a module of its own because DRF reads its settings while it is imported."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation


class NoNegotiation(BaseContentNegotiation):
    """Each address answers in one form, whatever Accept or ?format= ask for."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
