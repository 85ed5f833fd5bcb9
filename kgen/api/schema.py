"""The parts of the OpenAPI document beyond serializers: credentials, problems, pages, error codes."""

from typing import Any

from django_filters import MultipleChoiceFilter
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from kgen.errors import DomainError


class FaultOut(serializers.Serializer[Any]):
    """One fault of validation."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """A refusal (RFC 9457). Nothing has happened."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="stable; see the list of codes")
    message = serializers.CharField(help_text="equal to code, for older clients")
    request_id = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # Added here because `errors` is an attribute of every serializer.
        return super().get_fields() | {"errors": FaultOut(many=True, required=False)}


class MessageOut(serializers.Serializer[Any]):
    """A confirmation in words."""

    message = serializers.CharField()


def known_errors() -> dict[str, type[DomainError]]:
    """Every refusal of the product by its code."""
    found: dict[str, type[DomainError]] = {}
    pending = [DomainError]
    while pending:
        family = pending.pop()
        found.setdefault(family.code, family)
        pending += family.__subclasses__()
    return found


def errors(*codes: str, key: bool = False, body: bool = True) -> dict[int, OpenApiResponse]:
    """The problem responses of an operation: its own codes and the codes that every call may return."""
    everywhere = ["BAD_REQUEST", "UN_AUTHORIZED", "RATE_LIMITED", "UNAVAILABLE"]
    keyed = ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"] if key else []
    by_status: dict[int, list[str]] = {}
    for code in [*everywhere, *keyed, *codes]:
        by_status.setdefault(_status(code), []).append(code)
    return {
        status: OpenApiResponse(ProblemOut, description=" · ".join(f"`{code}`" for code in listed))
        for status, listed in sorted(by_status.items())
    }


def _status(code: str) -> int:
    return known_errors()[code].status


def limit_parameter(default: int, most: int = 1000) -> OpenApiParameter:
    """`limit` of a list."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return OpenApiParameter("limit", schema, OpenApiParameter.QUERY, description="rows per page")


CURSOR = OpenApiParameter(
    "cursor", OpenApiTypes.STR, OpenApiParameter.QUERY, description="opaque; from the page before"
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="a repeated call gets the first answer, for 24 hours",
)


def filter_parameters(filterset: Any) -> list[OpenApiParameter]:
    """The query parameters of a django-filter set."""
    return [_filter_parameter(name, item) for name, item in filterset.base_filters.items()]


def _filter_parameter(name: str, item: Any) -> OpenApiParameter:
    choices = item.extra.get("choices")
    schema: dict[str, Any] = {"type": "string"} if choices or "max_length" in item.extra else {"type": "integer"}
    if choices:
        schema["enum"] = [value for value, _ in choices]
    if isinstance(item, MultipleChoiceFilter):
        several = {"type": "array", "items": schema}
        return OpenApiParameter(name, several, OpenApiParameter.QUERY, description="may be repeated", explode=True)
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY)


_SECURITY: dict[str | None, list[dict[str, list[str]]]] = {
    "gamer": [{"gamer": []}, {"bearer": []}],
    "studio": [{"clientId": [], "clientSecret": []}],
    None: [],
}
SECURITY_SCHEMES = {
    "gamer": {"type": "apiKey", "in": "header", "name": "user-jwt-token"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "clientId": {"type": "apiKey", "in": "header", "name": "x-client-id"},
    "clientSecret": {"type": "apiKey", "in": "header", "name": "x-client-secret"},
}


class KgenSchema(AutoSchema):
    """Documents credentials and idempotency keys from the attributes of our view sets."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        return _SECURITY[getattr(self.view, "audience", None)]

    def get_summary(self) -> str:
        """The first line of the docstring, shown beside the path."""
        return super().get_description().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """The docstring after its first line."""
        return super().get_description().partition("\n")[2].strip()

    def get_override_parameters(self) -> list[Any]:
        takes_key = self.method == "POST" and getattr(self.view, "takes_idempotency_key", True)
        is_read = getattr(self.view, "action", None) in getattr(self.view, "reading_actions", ())
        return [IDEMPOTENCY_KEY] if takes_key and not is_read else []


def document_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Adds the credential schemes, the table of codes, and the media type of problems."""
    result["components"]["securitySchemes"] = SECURITY_SCHEMES
    rows = [
        f"| {error.status} | `{code}` | {error.detail} |"
        for code, error in sorted(known_errors().items(), key=lambda item: (item[1].status, item[0]))
    ]
    table = "\n".join(["| status | code | when |", "|---|---|---|", *rows])
    result["info"]["description"] += f"\n\n## Error codes\n\n{table}\n"
    for path in result["paths"].values():
        for operation in path.values():
            for status, response in operation.get("responses", {}).items():
                if status >= "400" and "content" in response:
                    response["content"] = {"application/problem+json": response["content"]["application/json"]}
    return result
