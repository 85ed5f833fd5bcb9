"""Play's hot calls, the express way."""

from esports.fast_path import boards, play

__all__ = ["boards", "play"]
