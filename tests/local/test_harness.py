"""Looking a process up waits for it: a launcher says that it is ready before it has started its last programs."""

import signal
from pathlib import Path

from tests.support.launcher import Launcher, all_gone
from tests.support.waiting import eventually

# A program that starts its child late.
LATE = ("sh", "-c", "sleep 0.5; sleep 611 & wait")


def test_a_process_that_starts_late_is_found(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, tmp_path).start(command=LATE)
    try:
        late = launcher.member("sleep 611")
        assert late.lives()
        late.kill()
        eventually(lambda: all_gone([late]))
    finally:
        launcher.stop(signal.SIGKILL)
