"""What `make demo` says while it plays: a bar for a person, a line a phase for a file."""

from io import StringIO

from demo.management.commands.demo import BAR, Command


class Terminal(StringIO):
    """Somebody looks."""

    def isatty(self) -> bool:
        return True


def progress(out: StringIO) -> str:
    command = Command(stderr=out, no_color=True)
    for phase in ("join", "score"):
        for done in range(1, 201):
            command.show_progress(phase, done, 200)
    return out.getvalue()


def test_a_file_gets_one_line_for_each_phase() -> None:
    full = "#" * BAR
    assert progress(StringIO()) == f"join          [{full}] 200/200\nscore         [{full}] 200/200\n"


def test_a_terminal_gets_a_bar_that_fills() -> None:
    shown = progress(Terminal())
    assert shown.startswith("\rjoin          [" + " " * BAR + "] 2/200\r")
    assert (shown.count("\r"), shown.count("\n")) == (200, 2)
