"""Play's hot calls, the fast path."""

from esports.fast_path import boards, play

__all__ = ["boards", "play"]
