"""What the tests about gamers and clients share."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_static_files(settings: Any) -> None:
    """Every call makes the middleware anew; looking for static files would be most of its time."""
    settings.WHITENOISE_USE_FINDERS = False
