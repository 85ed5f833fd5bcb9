"""What many browsers do at once."""

import pytest

from kgen.admin_site import guards
from tests.support.threads import together

pytestmark = pytest.mark.usefixtures("committed")


def test_many_tries_at_once_are_counted_one_by_one() -> None:
    allowed = together([lambda: guards.take_try("name", "bob", 5)] * 12)
    assert sorted(allowed) == [False] * 7 + [True] * 5
