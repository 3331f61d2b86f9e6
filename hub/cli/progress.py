"""Progress of an operation on standard error: moving bars on a terminal, plain lines everywhere else."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Lines:
    """One line when a task begins and one when it ends: for log files and scripts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: dict[str, int] = {}

    def start(self, task: str, total: int | None = None) -> None:
        """Say that a task begins."""
        self._done[task] = 0
        self.say(f"{task} ..." if total is None else f"{task} ({total}) ...")

    def advance(self, task: str, by: int = 1) -> None:
        """Count silently."""
        self._done[task] = self._done.get(task, 0) + by

    def finish(self, task: str) -> None:
        """Say how much was done."""
        done = self._done.pop(task, 0)
        self.say(f"{task}: {done} done" if done else f"{task}: done")

    def say(self, text: str) -> None:
        """Print the line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Forget what is unfinished."""
        self._done.clear()


class Bars:
    """One bar for each task, gone when the task is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)

    def start(self, task: str, total: int | None = None) -> None:
        """Show a bar."""
        self.finish(task)
        self._tasks[task] = self._progress.add_task(task, total=total)
        self._progress.start()

    def advance(self, task: str, by: int = 1) -> None:
        """Move the bar."""
        if task in self._tasks:
            self._progress.advance(self._tasks[task], by)

    def finish(self, task: str) -> None:
        """Take the bar away, and with the last one the moving display."""
        if task in self._tasks:
            self._progress.remove_task(self._tasks.pop(task))
        if not self._tasks:
            self._progress.stop()

    def say(self, text: str) -> None:
        """Print the line above the bars."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take all bars away."""
        for task in tuple(self._tasks):
            self.finish(task)


def progress_on(console: Console) -> Lines | Bars:
    """The kind of progress that fits this output."""
    return Bars(console) if console.is_terminal else Lines(console)
