"""Query parameters."""

from collections.abc import Set

from django.http import HttpRequest

from kgen.errors import Invalid


def check_not_repeated(request: HttpRequest, repeatable: Set[str] = frozenset()) -> None:
    """Check that each parameter outside `repeatable` is given once: two values have no single meaning.

    :raises Invalid: with each repeated parameter in `errors`.
    """
    repeated = [name for name, values in request.GET.lists() if len(values) > 1 and name not in repeatable]
    if repeated:
        faults = [{"field": name, "code": "repeated", "detail": "Give this parameter once."} for name in repeated]
        raise Invalid("A query parameter is repeated.", errors=faults)
