"""One action of the API on the fast path, and one call to it in flight."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from kgen.api.cors import Sharing, answer_headers
from kgen.api.idempotency import KeyedRequest, Replayed, begin_keys, fingerprint, is_key, keep_answers, scope_of
from kgen.api.problems import PROBLEM, problem_parts, understood
from kgen.api.views import ApiViewSet
from kgen.batches import complete
from kgen.fast_path.admission import Admission
from kgen.fast_path.batch_lane import BatchLane, each
from kgen.fast_path.messages import FastRequest, FastResponse, NotFastPath
from kgen.logs import log_request
from kgen.transactions import as_parts, transactional


class ActionLane:
    """An action of a view set, with the batch lane that runs admission and work for all of its waiting calls."""

    # Its address as logs name it; RouteTable sets it.
    route = ""

    def __init__(
        self,
        viewset: type[ApiViewSet],
        name: str,
        *,
        prepare: Callable[..., Any],
        work: Callable[[Sequence[tuple[Any, Any]]], Sequence[Any]],
        render: Callable[[FastRequest, Any, Any], FastResponse],
        most: int = 200,
    ) -> None:
        """`prepare(request, **path arguments)` returns the input of the work, or raises NotFastPath.

        `work` gets up to `most` pairs (caller, input) and returns for each a result or an exception (a DomainError as
        services raise them, or NotFastPath); it has committed by then. `render(request, caller, result)` makes the
        response.
        """
        assert viewset.audience is not None
        self.viewset, self.name = viewset, name
        self.prepare, self.work, self.render = prepare, work, render
        self.takes_key = viewset.takes_idempotency_key
        self.sharing = Sharing.GAMERS if viewset.audience == "gamer" else Sharing.SESSIONS
        self.admission = admission_of(viewset.audience)
        self.batches: BatchLane[PendingCall, Any] = BatchLane(self.run, most=most)

    def run(self, calls: "Sequence[PendingCall]") -> Sequence[Any]:
        """Admit the calls and work on the admitted ones; for each call its result or an exception."""
        return complete(calls, self.admission.admit(calls), self._work_on)

    def _work_on(self, admitted: "list[PendingCall]") -> Sequence[Any]:
        # `each` retries the work alone: a second admission would count the calls twice.
        if any(call.key is not None for call in admitted):
            return each(self._work_by_keys, admitted)
        return each(self._work_plainly, admitted)

    def _work_plainly(self, calls: "Sequence[PendingCall]") -> Sequence[Any]:
        return self.work([(call.caller, call.prepared) for call in calls])

    @transactional
    def _work_by_keys(self, calls: "Sequence[PendingCall]") -> Sequence[Any]:
        """Work on calls of which some have an Idempotency-Key, whose answers the same transaction keeps."""
        keyed = {place: call.keyed_request() for place, call in enumerate(calls) if call.key is not None}
        known: list[Any] = [None] * len(calls)
        for place, answer in zip(keyed, begin_keys(list(keyed.values())), strict=True):
            known[place] = replayed(answer) if isinstance(answer, Replayed) else answer
        with as_parts():
            outcomes = complete(calls, known, self._work_plainly)
        effective = [place for place in keyed if known[place] is None and not isinstance(outcomes[place], Exception)]
        for place in effective:
            outcomes[place] = self.render(calls[place].request, calls[place].caller, outcomes[place])
        if effective:
            keep_answers([(keyed[place], outcomes[place].status, outcomes[place].body) for place in effective])
        return outcomes


@cache
def admission_of(audience: str) -> Admission:
    """The one admission of an audience, with its credential cache."""
    return Admission(audience, import_string(settings.FAST_PATH_AUDIENCES[audience])())


class PendingCall:
    """One call in flight, from its whole request to its response."""

    __slots__ = ("_done", "_lane", "_started", "caller", "credentials", "key", "prepared", "request")

    def __init__(self, lane: ActionLane, request: FastRequest, done: Callable[[FastResponse | None], None]) -> None:
        """`done` gets the response, refusals and bugs included, in the loop's thread.

        It gets None if the ordinary path must serve the request; nothing was written then.
        """
        self._lane, self.request, self._done = lane, request, done
        self._started = time.perf_counter()
        self.caller: Any = None
        self.credentials: Hashable = None
        self.prepared: Any = None
        # The Idempotency-Key, if the call takes one and has one.
        self.key: str | None = None

    def start(self, arguments: dict[str, str]) -> None:
        """Read the request and put the call into its lane. `arguments` come from the path."""
        try:
            self.read(arguments)
            self._lane.batches.put(self, self._finish)
        except Exception as error:
            self._finish(error)

    def read(self, arguments: dict[str, str]) -> None:
        """Set the input of the action's work and the credentials.

        :raises NotFastPath: the ordinary path must serve the request.
        """
        if self.request.query:
            # Whatever the call makes of its query, a repeated parameter is for the ordinary path to refuse.
            self.request.parameters()
        if self._lane.takes_key and self.request.method == "POST":
            self.key = self.request.header(b"idempotency-key")
            if self.key is not None and not is_key(self.key):
                raise NotFastPath
        self.prepared = self._lane.prepare(self.request, **arguments)
        self.credentials = self._lane.admission.credentials_of(self.request)

    def keyed_request(self) -> KeyedRequest:
        """The request of a call with an Idempotency-Key, whose caller is known."""
        request = self.request
        assert self.key is not None
        mark = fingerprint(request.method, request.path, request.object())
        return KeyedRequest(scope_of(self._lane.viewset.audience, self.caller.pk), self.key, mark)

    def _finish(self, result: Any) -> None:
        if isinstance(result, NotFastPath):
            self._done(None)
            return
        request, response = self.request, self._response(result)
        request.cors_headers = self._cors_headers()
        seconds = time.perf_counter() - self._started
        log_request(
            request.request_id, method=request.method, route=self._lane.route, status=response.status, seconds=seconds
        )
        self._done(response)

    def _cors_headers(self) -> Mapping[str, str]:
        origin = self.request.header(b"origin")
        known = None if origin is None or self.caller is None else self._lane.admission.page_origins_of(self.caller)
        return answer_headers(self._lane.sharing, origin, known)

    def _response(self, result: Any) -> FastResponse:
        if isinstance(result, Exception):
            return refusal(result, self.request.request_id)
        if isinstance(result, FastResponse):
            return result
        try:
            return self._lane.render(self.request, self.caller, result)
        except Exception as error:
            return refusal(error, self.request.request_id)


def replayed(answer: Replayed) -> FastResponse:
    """The response that replays an answer."""
    return FastResponse(answer.body, answer.status, {"Idempotent-Replayed": "true"})


def refusal(error: Exception, request_id: str) -> FastResponse:
    """The problem document of `error`; a bug is logged."""
    known = understood(error)
    body, headers = problem_parts(known, request_id)
    return FastResponse(body, known.status, headers | {"Content-Type": PROBLEM})
