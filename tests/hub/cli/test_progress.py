"""Progress moves on a terminal, is plain lines everywhere else, and leaves nothing behind."""

import io

import pytest
from rich.console import Console

from hub.cli.progress import Bars, Lines, progress_on


@pytest.fixture
def paper() -> io.StringIO:
    """What stands on the output in the end."""
    return io.StringIO()


def test_without_a_terminal_a_task_is_two_lines_however_often_it_advances(paper: io.StringIO) -> None:
    progress = progress_on(Console(file=paper))

    progress.start("read", 3)
    for _ in range(3):
        progress.advance("read")
    progress.finish("read")
    progress.start("carry")
    progress.finish("carry")

    assert isinstance(progress, Lines)
    assert paper.getvalue() == "read (3) ...\nread: 3 done\ncarry ...\ncarry: done\n"


def test_a_line_is_printed_as_it_is(paper: io.StringIO) -> None:
    Lines(Console(file=paper, width=20)).say("observed [bold]PO-1[/bold] of a vendor with a long name")

    assert paper.getvalue() == "observed [bold]PO-1[/bold] of a vendor with a long name\n"


def test_on_a_terminal_bars_are_shown_and_taken_away(paper: io.StringIO) -> None:
    progress = progress_on(Console(file=paper, force_terminal=True, width=80))

    progress.start("read", 2)
    progress.start("carry")
    progress.advance("read", 2)
    progress.advance("unknown")
    progress.say("observed PO-1")
    progress.finish("read")
    progress.close()
    progress.close()

    assert isinstance(progress, Bars)
    assert "read" in paper.getvalue()
    assert "observed PO-1" in paper.getvalue()
    assert paper.getvalue().count("\x1b[?25l") == paper.getvalue().count("\x1b[?25h") == 1


def test_a_task_may_begin_anew(paper: io.StringIO) -> None:
    progress = Bars(Console(file=paper, force_terminal=True, width=80))

    progress.start("read", 2)
    progress.start("read", 4)
    progress.advance("read", 4)
    progress.close()

    assert "/4" in paper.getvalue()
