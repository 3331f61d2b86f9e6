"""A configuration is either right as a whole or refused with the key, the problem and the mend of everything in it."""

from pathlib import Path

import pytest

from tests.hub.settings.sample import BC, FLOWS, MAIN, PC, configured, refused, with_line

BAD = [
    ("server", "prot = 1", "server.prot", "unknown key", 'Did you mean "port"?'),
    ("sever", "port = 1", "sever", "unknown key", 'Did you mean "server"?'),
    (f"{FLOWS}.vendor-to-compny", "create = true", f"{FLOWS}.vendor-to-compny", "unknown key", "vendor-to-company"),
    (f"{FLOWS}.vendor-to-company", "creat = true", f"{FLOWS}.vendor-to-company.creat", "unknown key", '"create"'),
    (f"{FLOWS}.project-to-project", "xyz = 1", f"{FLOWS}.project-to-project.xyz", "unknown key", "enabled, every"),
    (BC, "client-id = 1", f"{BC}.client-id", "unknown key", 'Did you mean "client_id"?'),
    ("server", "port = 0", "server.port", "below what is possible", "at least 1"),
    ("server", "port = 65536", "server.port", "above what is possible", "at most 65535"),
    ("server", "port = true", "server.port", "must be a whole number", "without quotes"),
    ("server", 'port = "http"', "server.port", "must be a whole number", "Change the value."),
    ("server", 'public_url = "http://siteledger.example.com"', "server.public_url", "this computer only", "https://"),
    ("server", 'public_url = "siteledger.example.com"', "server.public_url", "not a web address", "https://"),
    ("server", 'host = ""', "server.host", "is empty", "Write a value"),
    ("server", 'secret_key = "abc"', "server.secret_key", "must not stand in the configuration", "env:NAME"),
    ("server", 'secret_key = "env:NO_SUCH"', "server.secret_key", "NO_SUCH is not set", "Set NO_SUCH"),
    ("server", 'secret_key = "file:absent.key"', "server.secret_key", "cannot be read", "Put the secret there"),
    ("store", 'url = "mysql://host/db"', "store.url", "not the address of a store", "postgresql://"),
    ("store", 'url = "sqlite:///:memory:"', "store.url", "keeps what is written", "sqlite:///FILE"),
    ("store", "url = 5", "store.url", "not the address of a store", "sqlite:///FILE"),
    ("connections.main", 'kind = "live"', "connections.main.kind", "not one of the choices", '"production", "test"'),
    ("connections.main", "poll_every = 60", "connections.main.poll_every", "not a duration", '"60s"'),
    ("connections.main", 'poll_every = "1 hour"', "connections.main.poll_every", "not a duration", '"60s"'),
    ("connections.main", 'poll_every = "0s"', "connections.main.poll_every", "too short or too long", '"1s"'),
    ("connections.main", 'poll_every = "2d"', "connections.main.poll_every", "too short or too long", '"1d"'),
    ("connections.main", 'start_date = "soon"', "connections.main.start_date", "must be a day", "Change the value."),
    ("connections.main", "start_date = 2026-01-01T09:00:00", "connections.main.start_date", "without time of day", ""),
    ("connections.main", 'exclude_tags = "A"', "connections.main.exclude_tags", "must be a list", ""),
    ("connections.main", "exclude_tags = [1]", "connections.main.exclude_tags[0]", "must be text in quotes", ""),
    ("connections.main", 'mapping = "absent.toml"', "connections.main.mapping", "does not exist", "Create it"),
    (BC, 'api_url = "ftp://x"', f"{BC}.api_url", "not a web address", "https://"),
    (BC, 'api_url = "http://bc.example.com/api"', f"{BC}.api_url", "this computer only", "https://"),
    (BC, 'api_url = "https://me:pw@bc.example.com"', f"{BC}.api_url", "must not carry a user", "up to the @"),
    (BC, 'api_url = "https://bc.example.com/?a=b"', f"{BC}.api_url", "query or fragment", "from the first ?"),
    (BC, 'api_url = "https://bc.example.com:port"', f"{BC}.api_url", "not a web address", "https://"),
    (BC, 'api_url = "https://x/v2.0/TENANT/E/api"', f"{BC}.api_url", "a word to be replaced", "Fill in"),
    (BC, 'company_id = "CRONUS"', f"{BC}.company_id", "not a GUID", "8-4-4-4-12"),
    (BC, 'company_id = "00000000-0000-0000-0000-000000000000"', f"{BC}.company_id", "not filled in yet", "8-4-4-4-12"),
    (BC, 'client_id = ""', f"{BC}.client_id", "is empty", "Write a value"),
    (BC, "client_id = 5", f"{BC}.client_id", "must be text in quotes", ""),
    (BC, 'client_id = "CLIENT-ID"', f"{BC}.client_id", "a word to be replaced", "Fill in"),
    (BC, 'standard_route = "a b"', f"{BC}.standard_route", "not a route", "v2.0"),
    (PC, "company_id = -5", f"{PC}.company_id", "below what is possible", ""),
    (PC, "company_id = 0", f"{PC}.company_id", "not filled in yet", "company's number"),
    (PC, "company_id = 1.5", f"{PC}.company_id", "must be a whole number", ""),
    (f"{FLOWS}.purchase-order-to-commitment", 'approval = "yes"', f"{FLOWS}.purchase-order-to-commitment.approval",
     "not one of the choices", '"off", "approver"'),
    (f"{FLOWS}.purchase-order-to-commitment", 'approval = "workflow"',
     f"{FLOWS}.purchase-order-to-commitment.approval", "not one of the choices", '"off", "approver"'),
    (f"{FLOWS}.purchase-order-to-commitment", 'status = { Shipped = "Draft" }',
     f"{FLOWS}.purchase-order-to-commitment.status", "order status 'Shipped' is unknown", "Released"),
    (f"{FLOWS}.purchase-order-to-commitment", 'status = { Released = "approved" }',
     f"{FLOWS}.purchase-order-to-commitment.status.Released", "not one of the choices", '"Approved"'),
    (f"{FLOWS}.time-sheet-to-crew-time-sheet", 'statuses = { done = "Approved" }',
     f"{FLOWS}.time-sheet-to-crew-time-sheet.statuses.done", "not one of the choices", '"completed"'),
    (f"{FLOWS}.time-sheet-to-crew-time-sheet", 'work_types = { Overtime = "OVERTIME-HOURS" }',
     f"{FLOWS}.time-sheet-to-crew-time-sheet.work_types", "Work Type Code 'OVERTIME-HOURS' is too long", "ten"),
    (f"{FLOWS}.posted-invoice-to-commitment-invoice", 'rounding_tolerance = "-0.01"',
     f"{FLOWS}.posted-invoice-to-commitment-invoice.rounding_tolerance", "below what is possible", "at least 0"),
    (f"{FLOWS}.posted-invoice-to-commitment-invoice", 'rounding_tolerance = "few"',
     f"{FLOWS}.posted-invoice-to-commitment-invoice.rounding_tolerance", "must be a number", ""),
    (f"{FLOWS}.change-order-to-change-order", 'side = "left"', f"{FLOWS}.change-order-to-change-order.side",
     "not one of the choices", '"prime", "commitment", "both"'),
    (f"{FLOWS}.vendor-to-company", 'enabled = "perhaps"', f"{FLOWS}.vendor-to-company.enabled",
     "must be true or false", ""),
]  # fmt: skip


@pytest.mark.parametrize(("table", "line", "key", "says", "mend"), BAD, ids=[f"{row[2]}: {row[1]}" for row in BAD])
def test_a_wrong_value_is_refused_with_its_key_the_problem_and_the_mend(
    tmp_path: Path, table: str, line: str, key: str, says: str, mend: str
) -> None:
    error = refused(tmp_path, with_line(table, line))

    assert [problem.key for problem in error.problems] == [key]
    assert says in error.problems[0].says
    assert mend in error.problems[0].mend
    assert error.problems[0].mend.endswith((".", "?"))
    assert str(error) == f"{key}: {error.problems[0].says}. {error.problems[0].mend}"


def test_a_missing_key_is_named_with_its_table(tmp_path: Path) -> None:
    error = refused(tmp_path, MAIN.replace('kind = "test"', ""))

    assert str(error) == "connections.main.kind: is missing. Add it to [connections.main]."


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = with_line("server", "port = 0").replace('kind = "test"', 'kind = "live"').replace("4711", '"many"')

    keys = [problem.key for problem in refused(tmp_path, text).problems]

    assert keys == ["server.port", "connections.main.kind", "connections.main.procore.company_id"]


@pytest.mark.parametrize("name", ["Main", "main_1", "a.b", "x" * 41, "ü"])
def test_a_connection_is_named_in_small_letters_digits_and_hyphens(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, MAIN.replace("connections.main", f'connections."{name}"'))

    assert error.problems[0].key == f"connections.{name}"
    assert "1 to 40 small letters" in error.problems[0].mend


@pytest.mark.parametrize("text", ["", "[connections]\n"])
def test_a_configuration_without_connection_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, text)

    assert [problem.key for problem in error.problems] == ["connections"]


@pytest.mark.requirement("MA-05", "MA-07", "BX-15")
@pytest.mark.parametrize("host", ["sandbox.procore.com", "api-monthly.procore.com"])
def test_a_production_connection_never_names_a_test_environment_of_procore(tmp_path: Path, host: str) -> None:
    text = with_line(PC, f'api_url = "https://{host}"')

    assert configured(tmp_path, text).settings.connections["main"].kind == "test"
    error = refused(tmp_path, text.replace('kind = "test"', 'kind = "production"'))
    assert error.problems[0].key == "connections.main"
    assert "test environment of Procore" in error.problems[0].says


@pytest.mark.requirement("C-26")
def test_an_order_has_one_owner(tmp_path: Path) -> None:
    error = refused(tmp_path, with_line(f"{FLOWS}.commitment-to-purchase-order", "enabled = true"))

    assert "are both on" in error.problems[0].says


def test_two_connections_never_join_the_same_companies(tmp_path: Path) -> None:
    error = refused(tmp_path, MAIN + MAIN.replace("connections.main", "connections.twin"))

    assert "the connections main and twin join the same two companies" in str(error)
