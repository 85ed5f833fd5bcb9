"""Why a command of the local stack ends early."""

# sysexits.h: EX_CONFIG. Who ends with it has printed "kgen: setting X: …" and would fail again if restarted.
BAD_SETTING = 78


class Refused(Exception):
    """It cannot go on. The text is the one line the user gets, the code is what the command returns."""

    def __init__(self, line: str, code: int = 1) -> None:
        super().__init__(line)
        self.code = code


class StopRequested(Exception):
    """Ctrl-C, SIGTERM, or the `make` above us is gone."""


def refusal_of(error: OSError, where: object) -> Refused:
    """An error of the operating system (a full disk, no permission) as a line that names the place."""
    return Refused(f"{error.filename or where}: {error.strerror or error}")
