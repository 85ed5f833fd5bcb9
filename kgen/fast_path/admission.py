"""Admission: the callers' credentials and rate limits, for many calls at once, in the contract's order."""

import time
from collections.abc import Collection, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from kgen.api.throttles import WINDOWS, hit_many, rate_headers
from kgen.errors import TooMany
from kgen.fast_path.messages import FastRequest, NotFastPath

if TYPE_CHECKING:
    from kgen.fast_path.action_lane import PendingCall


class Audience[Credentials: Hashable, Caller](Protocol):
    """How the callers of an audience prove who they are."""

    def credentials(self, request: FastRequest) -> Credentials:
        """The credentials in a request.

        :raises NotFastPath: there are none, or not plainly one set of them.
        """

    def prove(self, offered: Sequence[Credentials]) -> Sequence[Caller | None]:
        """The callers, read from the database, with their ids as `pk`; None for invalid credentials."""

    def page_origins(self, caller: Caller) -> Collection[str]:
        """The origins of the web pages that may read the answers of this caller's calls."""


class Admission:
    """Authenticates and counts the calls of one audience. The lanes of its actions share it, each from its own thread.

    Proven credentials are cached for `CREDENTIAL_CACHE_SECONDS`.
    """

    def __init__(self, name: str, audience: Audience[Any, Any]) -> None:
        self.credentials_of, self._prove = audience.credentials, audience.prove
        self.page_origins_of = audience.page_origins
        self._window = WINDOWS[name]
        self._proven: dict[Hashable, tuple[float, Any]] = {}
        self._older: dict[Hashable, tuple[float, Any]] = {}
        self._renewed_at = 0.0

    def admit(self, calls: "Sequence[PendingCall]") -> list[Exception | None]:
        """Set each call's caller and count it. Returns for each call None, or its refusal.

        NotFastPath stands for invalid credentials, TooMany for a full window.
        """
        self._authenticate(calls)
        refusals: list[Exception | None] = [None if call.caller else NotFastPath() for call in calls]
        window = self._window()
        if window is not None:
            known = [at for at, call in enumerate(calls) if call.caller]
            hits = hit_many([(window, str(calls[at].caller.pk)) for at in known])
            for at, hit in zip(known, hits, strict=True):
                calls[at].request.rate_headers = rate_headers(window, hit)
                if not hit.allowed:
                    refusals[at] = TooMany(retry_after=hit.reset)
        return refusals

    def _authenticate(self, calls: "Sequence[PendingCall]") -> None:
        now = time.monotonic()
        unknown: dict[Hashable, list[PendingCall]] = {}
        for call in calls:
            call.caller = self._cached(call.credentials, now)
            if call.caller is None:
                unknown.setdefault(call.credentials, []).append(call)
        if not unknown:
            return
        callers = self._prove(list(unknown))
        for (credentials, waiting), caller in zip(unknown.items(), callers, strict=True):
            for call in waiting:
                call.caller = caller
            if caller is not None:
                self._proven[credentials] = now, caller

    def _cached(self, credentials: Hashable, now: float) -> Any:
        # Two generations bound the memory; the age of each entry is checked all the same.
        if now - self._renewed_at > settings.CREDENTIAL_CACHE_SECONDS:
            self._older, self._proven, self._renewed_at = self._proven, {}, now
        found = self._proven.get(credentials) or self._older.get(credentials)
        return found[1] if found and now - found[0] < settings.CREDENTIAL_CACHE_SECONDS else None
