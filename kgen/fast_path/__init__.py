"""The fast path: the few hot calls, served in batches and without Django's handler, by the same services.

It takes nearly all requests. It leaves everything unusual (a compressed body, a body that does not parse, unknown
credentials) to the ordinary path, which judges the request from the start: a fast-path call that gives up has written
nothing.
"""

from kgen.fast_path.action_lane import ActionLane
from kgen.fast_path.messages import FastRequest, FastResponse, NotFastPath, plain_id
from kgen.fast_path.routes import fast_path

__all__ = ["ActionLane", "FastRequest", "FastResponse", "NotFastPath", "fast_path", "plain_id"]
