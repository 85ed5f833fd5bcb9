"""The HTTP rail: a payment gateway that may lose, delay and repeat (contract, section 9)."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import httpx
import msgspec
from django.conf import settings

from kgen.errors import Invalid
from wallet.models import GATEWAY_RAIL
from wallet.payouts.rail import PayoutOrder, PayoutOutcome, Reply, Report
from wallet.payouts.reading import read_report
from wallet.payouts.signing import check_signed, signed_headers

ANSWER_LIMIT = 64 * 1024
REFUSED = frozenset({400, 402, 422})
MISCONFIGURED = frozenset({401, 403, 404, 405, 407, *range(300, 400)})


class _Unreadable(Exception):
    """The answer is too long, too slow or compressed."""


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@dataclass(frozen=True)
class HttpRail:
    """One gateway. `timeout` in seconds bounds each step of a call; a whole call ends within three times that."""

    url: str
    secret: str
    idempotent: bool
    timeout: float
    name: str = GATEWAY_RAIL

    @classmethod
    def from_settings(cls) -> "HttpRail":
        """The gateway that the settings name."""
        return cls(
            settings.PAYOUT_GATEWAY_URL.rstrip("/"),
            settings.PAYOUT_GATEWAY_SECRET,
            settings.PAYOUT_GATEWAY_IDEMPOTENT,
            settings.PAYOUT_TIMEOUT_SECONDS,
        )

    def send(self, order: PayoutOrder) -> Reply:
        """`POST /payouts`. Every attempt sends the same bytes; only the signature's timestamp differs."""
        body = msgspec.json.encode(
            {
                "reference": order.reference,
                "amount": order.amount,
                "currency": order.currency,
                "to_wallet": order.to_wallet,
            }
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": order.reference}
        reply = self._call("POST", "/payouts", order, body, headers)
        if reply.http_status in REFUSED:
            return Reply(PayoutOutcome.REFUSED, reply.http_status)
        return reply

    def ask(self, order: PayoutOrder) -> Reply:
        """`GET /payouts/{reference}`."""
        reply = self._call("GET", f"/payouts/{order.reference}", order, b"", {})
        if reply.http_status == 404:
            return Reply(PayoutOutcome.NOT_SEEN, 404)
        return reply

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report:
        """Verify and read a callback.

        :raises InvalidSignature: it is not signed with the gateway's secret, or more than 5 minutes ago.
        :raises Invalid: it is signed but is no report.
        """
        check_signed(self.secret, headers, body, now)
        return read_report(body)

    def _call(self, method: str, path: str, order: PayoutOrder, body: bytes, headers: dict[str, str]) -> Reply:
        signature = signed_headers(self.secret, order.reference, body, datetime.now(UTC))
        try:
            status, content = self._exchange(method, path, body, headers | signature)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, _Unreadable, OSError, ValueError) as error:
            # No answer, but the gateway may have the order. The error's text could contain the address, so only its
            # type is kept.
            return Reply(PayoutOutcome.UNKNOWN, detail=type(error).__name__)
        if status in MISCONFIGURED:
            return Reply(PayoutOutcome.MISCONFIGURED, status)
        if not 200 <= status < 300:
            return Reply(PayoutOutcome.UNKNOWN, status)
        try:
            judged = read_report(content).judged_by(order)
        except Invalid:
            return Reply(PayoutOutcome.UNKNOWN, status, "garbage")
        return Reply(judged.outcome, status, judged.detail, judged.report)

    def _tls(self) -> ssl.SSLContext | bool:
        return _tls() if self.url.startswith("https:") else False

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """One request on a new connection: a kept connection may be dead, which leaves open what arrived."""
        ends = time.monotonic() + 2 * self.timeout
        with (
            # Proxies and .netrc of the environment must not change where payouts go.
            httpx.Client(timeout=self.timeout, follow_redirects=False, trust_env=False, verify=self._tls()) as client,
            client.stream(
                method, self.url + path, content=body or None, headers=headers | {"Accept-Encoding": "identity"}
            ) as response,
        ):
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise _Unreadable
            content = b""
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > ANSWER_LIMIT or time.monotonic() > ends:
                    raise _Unreadable
            return response.status_code, content
