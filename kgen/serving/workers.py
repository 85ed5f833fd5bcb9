"""The web server's parent process: starts its workers, and replaces those that are killed."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

# A successor waits so long: what kills each of them at once must not keep a processor busy.
BREATH_SECONDS = 1.0


class Workers:
    """So many processes of one command."""

    def __init__(self, count: int, arguments: Sequence[str]) -> None:
        self.command = [sys.executable, "-m", "kgen.serving", *arguments]
        self.count = count
        self.ending = threading.Event()
        self.code = 0

    def run(self) -> int:
        """Keep them running until SIGTERM or SIGINT; then let them finish what they have begun.

        One that ends with an error of its own (a bad setting, code that cannot be loaded) ends them all: it would be
        the same with its successor. Its code is returned.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.ending.set())
        keepers = [threading.Thread(target=self._keep) for _ in range(self.count)]
        for keeper in keepers:
            keeper.start()
        for keeper in keepers:
            keeper.join()
        return self.code

    def _keep(self) -> None:
        while not self.ending.is_set():
            worker = subprocess.Popen(self.command)
            while worker.poll() is None and not self.ending.wait(0.2):
                pass
            if worker.poll() is None:
                worker.terminate()
                worker.wait()
            elif worker.returncode > 0:
                self.code = worker.returncode
                self.ending.set()
            else:
                self.ending.wait(BREATH_SECONDS)
