"""Our recorders keep every promise that the library's own test suite asks of a recorder, on both databases."""

from pathlib import Path

import pytest
from eventsourcing.tests import persistence
from eventsourcing.utils import Environment
from psycopg.conninfo import conninfo_to_dict

from adapters.store import postgres_recorder, sqlite_recorder


class Sqlite:
    """Makes recorders on an empty file."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.factory = sqlite_recorder.SqliteFactory(Environment("", {"SQLITE_DBNAME": (tmp_path / "x.db").as_uri()}))

    def tearDown(self) -> None:
        self.factory.close()


class Postgres:
    """Makes recorders in an empty database."""

    @pytest.fixture(autouse=True)
    def _place(self, postgres_url: str) -> None:
        parts = conninfo_to_dict(postgres_url)
        env = {
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": "unused",
        }
        self.factory = postgres_recorder.LedgerFactory(Environment("", env))

    def tearDown(self) -> None:
        self.factory.close()


class TestSqliteApplicationRecorder(Sqlite, persistence.ApplicationRecorderTestCase):
    def create_recorder(self) -> sqlite_recorder.SqliteRecorder:
        return self.factory.application_recorder()


class TestSqliteOrder(Sqlite, persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> sqlite_recorder.SqliteRecorder:
        return self.factory.application_recorder()


class TestSqliteTrackingRecorder(Sqlite, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> sqlite_recorder.SqliteTrackingRecorder:
        return self.factory.tracking_recorder()


class TestSqliteProcessRecorder(Sqlite, persistence.ProcessRecorderTestCase):
    def create_recorder(self) -> sqlite_recorder.SqliteProcessRecorder:
        return self.factory.process_recorder()


class TestSqliteAggregateRecorder(Sqlite, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> object:
        return self.factory.aggregate_recorder("snapshots")


@pytest.mark.postgres
class TestPostgresApplicationRecorder(Postgres, persistence.ApplicationRecorderTestCase):
    def create_recorder(self) -> postgres_recorder.PostgresRecorder:
        return self.factory.application_recorder()


@pytest.mark.postgres
class TestPostgresOrder(Postgres, persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> postgres_recorder.PostgresRecorder:
        return self.factory.application_recorder()


@pytest.mark.postgres
class TestPostgresTrackingRecorder(Postgres, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> postgres_recorder.PostgresTracker:
        return self.factory.tracking_recorder()


@pytest.mark.postgres
class TestPostgresProcessRecorder(Postgres, persistence.ProcessRecorderTestCase):
    def create_recorder(self) -> postgres_recorder.PostgresProcess:
        return self.factory.process_recorder()


@pytest.mark.postgres
class TestPostgresAggregateRecorder(Postgres, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> object:
        return self.factory.aggregate_recorder("snapshots")
