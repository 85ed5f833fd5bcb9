"""What many browsers do at once."""

import pytest

from kgen.admin_site import guards
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("committed")


def test_parallel_login_tries_are_each_counted() -> None:
    allowed = together([lambda: guards.take_try("name", "bob", 5)] * 12)
    assert sorted(allowed) == [False] * 7 + [True] * 5
