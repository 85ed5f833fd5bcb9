"""Who may go on: credentials and rate, for many calls at once, in the contract's order."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

from kgen.api.throttles import RateCheck, Window, hit_many, rate_headers
from kgen.errors import TooMany
from kgen.fast_path.messages import FastRequest, NotFastPath


class Caller(Protocol):
    """Who calls, with proven credentials."""

    @property
    def pk(self) -> UUID: ...


class Audience[Credentials: Hashable, C: Caller](Protocol):
    """How the callers of an audience are told."""

    def credentials(self, call: FastRequest) -> Credentials:
        """What the call offers.

        :raises NotFastPath: nothing that is plainly meant.
        """

    def prove(self, offered: Sequence[Credentials]) -> Sequence[C | None]:
        """Whose credentials these are, asked of the database; None where they open nothing."""


@dataclass(slots=True)
class PendingCall:
    """A call on its way: what it asks for, with what credentials, and whose they are once that is known."""

    call: FastRequest
    asked: Any
    credentials: Hashable
    caller: Any = None


class Admission:
    """Lets calls of one audience in. What was proven is believed for a moment without asking again."""

    def __init__(self, audience: Audience[Any, Any]) -> None:
        self.audience = audience
        self._proven: dict[Hashable, tuple[float, Any]] = {}
        self._older: dict[Hashable, tuple[float, Any]] = {}
        self._turned_at = 0.0

    def visit(self, call: FastRequest, asked: Any) -> PendingCall:
        """The call with its credentials.

        :raises NotFastPath: it has none that are plainly meant.
        """
        return PendingCall(call, asked, self.audience.credentials(call))

    def admit(self, visits: Sequence[PendingCall], window: Window | None) -> list[Exception | None]:
        """For each visit None, with its caller known and counted, or why it may not go on.

        NotFastPath stands for credentials that open nothing, TooMany for a full window.
        """
        self._tell_callers(visits)
        refusals: list[Exception | None] = [None if visit.caller else NotFastPath() for visit in visits]
        if window is not None:
            known = [at for at, visit in enumerate(visits) if visit.caller]
            hits = hit_many([(window, str(visits[at].caller.pk)) for at in known])
            for at, hit in zip(known, hits, strict=True):
                refusals[at] = _counted(visits[at].call, window, hit)
        return refusals

    def _tell_callers(self, visits: Sequence[PendingCall]) -> None:
        now = time.monotonic()
        unknown: dict[Hashable, list[PendingCall]] = {}
        for visit in visits:
            visit.caller = self._believed(visit.credentials, now)
            if visit.caller is None:
                unknown.setdefault(visit.credentials, []).append(visit)
        if not unknown:
            return
        proven = self.audience.prove(list(unknown))
        for (credentials, waiting), caller in zip(unknown.items(), proven, strict=True):
            for visit in waiting:
                visit.caller = caller
            if caller is not None:
                self._proven[credentials] = now, caller

    def _believed(self, credentials: Hashable, now: float) -> Any:
        # Two spans at most are remembered, and nothing that is older than one is believed.
        if now - self._turned_at > settings.CREDENTIAL_CACHE_SECONDS:
            self._older, self._proven, self._turned_at = self._proven, {}, now
        found = self._proven.get(credentials) or self._older.get(credentials)
        return found[1] if found and now - found[0] < settings.CREDENTIAL_CACHE_SECONDS else None


def _counted(call: FastRequest, window: Window, hit: RateCheck) -> TooMany | None:
    call.rate_headers = rate_headers(window, hit)
    return None if hit.allowed else TooMany(retry_after=hit.reset)
