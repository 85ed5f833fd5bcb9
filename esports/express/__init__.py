"""Play's hot calls, the express way."""

from esports.express import boards, play

__all__ = ["boards", "play"]
