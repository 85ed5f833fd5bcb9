"""Bodies sent in chunks, of which nobody knows the length beforehand."""

import io
from typing import Any

import pytest

from kgen import wsgi

LIMIT = wsgi.CHUNKED_READ_LIMIT


@pytest.fixture(autouse=True)
def read_by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's handler is not called here: what stands in for it reads by the length, as that does."""

    def read(environ: dict[str, Any], _: Any) -> list[bytes]:
        return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]

    monkeypatch.setattr(wsgi, "_django", read)


def send(body: bytes) -> tuple[bytes, int]:
    """Send a body in chunks: what the product sees of it, and how much was taken off the wire."""
    wire = io.BytesIO(body)
    seen = wsgi.application({"HTTP_TRANSFER_ENCODING": "Chunked", "wsgi.input": wire}, lambda *_: None)
    return b"".join(seen), wire.tell()


@pytest.mark.parametrize("size", [0, 5, LIMIT - 1])
def test_a_chunked_body_is_handed_on_as_it_is(size: int) -> None:
    assert send(b"x" * size) == (b"x" * size, size)


@pytest.mark.parametrize("size", [LIMIT, 3 * LIMIT])
def test_one_that_is_too_long_is_read_to_its_end_so_that_its_sender_reads_the_refusal(size: int) -> None:
    seen, taken = send(b"x" * size)
    assert (len(seen), taken) == (LIMIT, size)


def test_one_without_end_is_cut_off() -> None:
    seen, taken = send(b"x" * (40 * LIMIT))
    assert (len(seen), taken) == (LIMIT, 17 * LIMIT)
