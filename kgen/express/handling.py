"""Serving one request the express way: the contract's order of checks, then the action's own work."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from kgen.api.problems import PROBLEM, problem_parts, understood
from kgen.api.throttles import WINDOWS
from kgen.express.admission import Door, Visit
from kgen.express.calls import Call, Express, NotExpress
from kgen.express.routes import Action, Route
from kgen.express.together import Together
from kgen.logs import log_request


@cache
def door_of(audience: str) -> Door:
    """The one door of an audience."""
    return Door(import_string(settings.EXPRESS_BY_AUDIENCE[audience])())


class Service:
    """An action with its lane: credentials, rate and work of many calls are one run of it."""

    def __init__(self, action: Action) -> None:
        assert action.viewset.audience is not None
        self.action = action
        self.audience = action.viewset.audience
        self.door = door_of(self.audience)
        self.lane: Together[Visit, Any] = Together(self._run, most=action.most)

    async def answer(self, call: Call, arguments: dict[str, str]) -> Express:
        """What the action answers.

        :raises NotExpress: the ordinary way has to judge it; nothing was written.
        """
        visit = self.door.visit(call, self.action.prepare(call, **arguments))
        result = await self.lane.do(visit)
        return self.action.render(visit.caller, result)

    def _run(self, visits: Sequence[Visit]) -> Sequence[Any]:
        outcomes: list[Any] = self.door.admit(visits, WINDOWS[self.audience]())
        admitted = [at for at, refusal in enumerate(outcomes) if refusal is None]
        if admitted:
            results = self.action.work([(visits[at].caller, visits[at].asked) for at in admitted])
            for at, result in zip(admitted, results, strict=True):
                outcomes[at] = result
        return outcomes


@cache
def _service_of(action: Action) -> Service:
    return Service(action)


async def serve(route: Route, call: Call, arguments: dict[str, str]) -> Express:
    """The answer to `call`, refusals and bugs included.

    :raises NotExpress: the ordinary way has to judge it; nothing was written.
    """
    started = time.perf_counter()
    try:
        answer = await _service_of(route.action).answer(call, arguments)
    except NotExpress:
        raise
    except Exception as error:
        answer = refusal(error, call.request_id)
    seconds = time.perf_counter() - started
    log_request(call.request_id, method=call.method, route=route.path, status=answer.status, seconds=seconds)
    return answer


def refusal(error: Exception, request_id: str) -> Express:
    """The answer that tells of `error`; a bug is logged."""
    known = understood(error)
    body, headers = problem_parts(known, request_id)
    return Express(body, known.status, headers | {"Content-Type": PROBLEM})
