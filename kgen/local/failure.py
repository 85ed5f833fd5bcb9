"""The reasons for which a command of the local stack ends early."""

# EX_CONFIG of sysexits.h. A process that exits with it has printed "kgen: setting X: …"; a restart would fail again.
BAD_SETTING = 78


class Refused(Exception):
    """The command cannot go on. The text is one line for the user, the code is the command's exit code."""

    def __init__(self, line: str, code: int = 1) -> None:
        super().__init__(line)
        self.code = code


class StopRequested(Exception):
    """The user asked for a stop: Ctrl-C, SIGTERM, SIGHUP, or the `make` above the launcher has ended."""


def refusal_of(error: OSError, where: object) -> Refused:
    """Turn an error of the operating system (a full disk, a missing permission) into a line that names the path."""
    return Refused(f"{error.filename or where}: {error.strerror or error}")
