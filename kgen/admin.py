"""The floor's pages in the console. Django loads this module; it loads theirs."""

from kgen.admin_site import duties, trail
from kgen.jobs import pages

__all__ = ["duties", "pages", "trail"]
