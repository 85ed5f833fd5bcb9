"""The home page."""

from console.home import page

__all__ = ["page"]
