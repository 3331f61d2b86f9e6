"""Files that appear whole or not at all: written beside their place, and moved there at one stroke.

Only their owner may read them.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from hub.report import ExitStatus, Halted


@contextmanager
def draft_of(file: Path, *, force: bool = False) -> Generator[IO[bytes]]:
    """What becomes the file when nothing goes wrong; open for reading and writing.

    Raises  Halted (wrong use) for a file that is there and was not to be replaced; Halted where it can't be written.
    """
    if file.exists() and not force:
        raise Halted(f"{file} exists already. Name another file, or replace it with --force.", ExitStatus.WRONG_USE)
    try:
        # Beside the file, because only within one folder a file takes another's place at one stroke.
        with NamedTemporaryFile(dir=file.absolute().parent, prefix=f".{file.name}.", delete=False) as draft:
            place = Path(draft.name)
            try:
                yield draft
                draft.flush()
                os.fsync(draft.fileno())
                place.replace(file)
            except BaseException:
                place.unlink(missing_ok=True)
                raise
    except OSError as error:
        message = f"{file} can't be written ({error.strerror or error}); there is no file."
        raise Halted(message, ExitStatus.NEEDS_PERSON) from error
