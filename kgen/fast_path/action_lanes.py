"""Serving one request the fast path: the contract's order of checks, then the action's own work."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from kgen.api.problems import PROBLEM, problem_parts, understood
from kgen.api.throttles import WINDOWS
from kgen.fast_path.admission import Admission, PendingCall
from kgen.fast_path.batch_lane import BatchLane, each
from kgen.fast_path.messages import FastRequest, FastResponse, NotFastPath
from kgen.fast_path.routes import Action, Route
from kgen.logs import log_request


@cache
def admission_of(audience: str) -> Admission:
    """The one door of an audience."""
    return Admission(import_string(settings.FAST_PATH_AUDIENCES[audience])())


class ActionLane:
    """An action with its lane: credentials, rate and work of many calls are one run of it."""

    def __init__(self, action: Action) -> None:
        assert action.viewset.audience is not None
        self.action = action
        self.audience = action.viewset.audience
        self.door = admission_of(self.audience)
        self.lane: BatchLane[PendingCall, Any] = BatchLane(self._run, most=action.most)

    def visit(self, call: FastRequest, arguments: dict[str, str]) -> PendingCall:
        """What the call wants, and the credentials that it offers.

        :raises NotFastPath: the ordinary path has to judge it.
        """
        return self.door.visit(call, self.action.prepare(call, **arguments))

    def _run(self, visits: Sequence[PendingCall]) -> Sequence[Any]:
        outcomes: list[Any] = self.door.admit(visits, WINDOWS[self.audience]())
        admitted = [at for at, refusal in enumerate(outcomes) if refusal is None]
        if admitted:
            # Not tried again with the admission: that has counted them.
            results = each(self.action.work, [(visits[at].caller, visits[at].asked) for at in admitted])
            for at, result in zip(admitted, results, strict=True):
                outcomes[at] = result
        return outcomes


@cache
def _lane_of(action: Action) -> ActionLane:
    return ActionLane(action)


class CallInFlight:
    """One call on its way through a lane and back."""

    __slots__ = ("_call", "_done", "_route", "_service", "_started", "_visit")

    def __init__(self, route: Route, call: FastRequest, done: Callable[[FastResponse | None], None]) -> None:
        """`done` is told the answer, refusals and bugs included, in the loop's thread. None instead of it: the
        ordinary path has to judge the call, and nothing was written."""
        self._route, self._call, self._done = route, call, done
        self._service = _lane_of(route.action)
        self._started = time.perf_counter()

    def begin(self, arguments: dict[str, str]) -> None:
        """Set off. `arguments` are what the path says."""
        try:
            self._visit = self._service.visit(self._call, arguments)
            self._service.lane.put(self._visit, self._tell)
        except Exception as error:
            self._tell(error)

    def _tell(self, result: Any) -> None:
        if isinstance(result, NotFastPath):
            self._done(None)
            return
        answer = self._answer(result)
        seconds = time.perf_counter() - self._started
        call, route = self._call, self._route
        log_request(call.request_id, method=call.method, route=route.path, status=answer.status, seconds=seconds)
        self._done(answer)

    def _answer(self, result: Any) -> FastResponse:
        if isinstance(result, Exception):
            return refusal(result, self._call.request_id)
        try:
            return self._service.action.render(self._visit.caller, result)
        except Exception as error:
            return refusal(error, self._call.request_id)


def refusal(error: Exception, request_id: str) -> FastResponse:
    """The answer that tells of `error`; a bug is logged."""
    known = understood(error)
    body, headers = problem_parts(known, request_id)
    return FastResponse(body, known.status, headers | {"Content-Type": PROBLEM})
