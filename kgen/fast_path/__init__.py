"""The fast path: the few hot calls, served without Django's handler and many at once, on the same services.

A request takes it when it is as plain as nearly all are. Whatever is unusual about it (an idempotency key, an odd
header, a body that does not parse, credentials that open nothing) is left to the ordinary path, which judges it
from the start: a fast-path call that gives up has written nothing.
"""

from kgen.fast_path.admission import Audience
from kgen.fast_path.messages import FastRequest, FastResponse, NotFastPath
from kgen.fast_path.routes import fast_path

__all__ = ["Audience", "FastRequest", "FastResponse", "NotFastPath", "fast_path"]
