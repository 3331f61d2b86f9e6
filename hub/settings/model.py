"""The configuration as the hub sees it: frozen, typed, and checked as a whole."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal, Self, cast
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, model_validator

from hub.settings.flows import Flows, Table
from hub.settings.sign_in import Oidc
from hub.settings.values import (
    CompanyNumber,
    ConnectionName,
    ExistingFile,
    Guid,
    PollInterval,
    Route,
    SecretValue,
    StoreUrl,
    Text,
    TimeZone,
    Url,
    Whole,
    wrong,
)
from hub.timetable import Every

PROCORE_TEST_HOSTS = ("sandbox.procore.com", "api-monthly.procore.com", "api-sandbox-monthly.procore.com")
"""Source  Procore guide A2 and A4; the last is the spelling of requirements C-42."""


Resource = Literal[
    "Projects",
    "Company Vendors",
    "Line Item Types",
    "ERP Requests",
    "Project Dates",
    "Project Vendors",
    "Sub Jobs",
    "Cost Codes",
    "Budget Line Items",
    "Purchase Order Contracts",
    "Work Order Contracts",
    "Change Order Packages",
    "Change Order Requests",
    "Potential Change Orders",
    "Direct Costs",
    "Timecard Entries",
]
"""What Procore is asked to tell of, by its own names; a test holds it against the domain."""

PERSONAL_FIELDS = (
    "workerName",
    "party",
    "login_information",
    "created_by",
    "email",
    "email_address",
    "mobile_phone",
    "business_phone",
    "phoneNumber",
)
"""Source  Procore guide T2, T10 (entries, people); connector API vendors and resources."""


class Store(Table):
    """Where the ledger is kept."""

    url: StoreUrl = cast("Any", "sqlite:///siteledger.db")
    """`sqlite:///FILE`, relative to this file, or `postgresql://USER@HOST/DATABASE`. May carry a password, so it may
    also be `env:NAME` or `file:PATH`."""


class Server(Table):
    """The web server."""

    host: Text = "127.0.0.1"
    """Address to listen on."""

    port: Annotated[Whole, Field(ge=1, le=65535)] = 8080
    """Port to listen on."""

    public_url: Url | None = None
    """What webhooks are told to call; without it there are no webhooks, only polling. http for this computer only."""

    traces_to: Url | None = None
    """OTLP endpoint over HTTP that takes traces; needs the extra `otel`."""

    secret_key: SecretValue | None = None
    """Encrypts generated secrets at rest. Made by `siteledger init`; keep a copy apart from the store. May hold several
    keys, one on each line or separated by commas: the first one writes, all of them read."""

    admin_token: SecretValue | None = None
    """Token of the first administrator; at least 24 characters. Made by `siteledger init`."""

    retention_days: Annotated[Whole, Field(ge=30, le=36500)] | None = None
    """Days after which `siteledger redact` takes personal fields out of stored bodies; without it they stay."""

    personal_fields: tuple[Text, ...] = PERSONAL_FIELDS
    """Fields of stored bodies that are personal, by their name in JSON, wherever they stand."""

    sign_heads_every: PollInterval = timedelta(hours=1)
    """How often the head of the ledger is signed, from `1s` to `1d`, where something happened since."""

    verify_every: Every = "hourly"
    """How often the service verifies what is new in the ledger, as `every` of a flow and by UTC; `never` leaves all of
    that to `siteledger audit verify` (BX-08)."""

    verify_whole_days: Annotated[Whole, Field(ge=0, le=365)] = 7
    """Days after which the service verifies the whole ledger again; 0 for once only."""

    oidc: Oidc = cast("Any", {})

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.oidc.issuer is not None and self.public_url is None:
            raise wrong("oidc is on and public_url is missing", "Set it: browsers are sent back there.")
        return self


class BusinessCentral(Table):
    """One company of Business Central."""

    api_url: Url
    """`https://api.businesscentral.dynamics.com/v2.0/TENANT/ENVIRONMENT/api`."""

    token_url: Url
    """`https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`."""

    scope: Text = "https://api.businesscentral.dynamics.com/.default"
    """What the token is asked for."""

    company_id: Guid
    """The company's id, a GUID."""

    client_id: Text
    """The application's id in Microsoft Entra."""

    client_secret: SecretValue
    """The application's secret."""

    connector_route: Route = "siteledger/procore/v1.0"
    """Where the connector's own API stands below `api_url`."""

    standard_route: Route = "v2.0"
    """Where the standard API stands below `api_url`."""


class Procore(Table):
    """One company of Procore."""

    api_url: Url = "https://api.procore.com"
    """Address of the API; the test environments have others (MA-10, MA-11)."""

    token_url: Url = "https://login.procore.com/oauth/token"  # noqa: S105 - an address
    """Address that gives tokens."""

    company_id: CompanyNumber
    """The company's number."""

    client_id: Text
    """The application's id in Procore."""

    client_secret: SecretValue
    """The application's secret."""

    erp_requests: bool = False
    """Whether requests of Procore's ERP desk are recorded and answered, by saying that SiteLedger does not carry them
    and where to act instead. Needs an ERP connection at Procore (ER-55)."""

    muted: tuple[Resource, ...] = ()
    """Resources whose webhooks are not asked for, and are ignored when they come; of documents also their lines. What
    changes there is found by polling alone (LE-15, LE-16, LE-18, LE-20, LE-21)."""


class Connection(Table):
    """One company of Business Central joined to one company of Procore."""

    kind: Literal["production", "test"]
    """Both sides must agree: a test company is never joined to a production company (MA-05)."""

    poll_every: PollInterval = timedelta(seconds=60)
    """How often changes are asked for, from `1s` to `1d`."""

    time_zone: TimeZone = "UTC"
    """Whose clock the times of `every` and `daily_at` are read on, such as `America/Chicago`."""

    daily_at: time = time(2)
    """When flows with `every = "daily"` read their source."""

    drift_every: Every = "daily"
    """How often everything that was written is compared with what stands there, as `every` of a flow; `never` leaves
    it to `siteledger drift --fresh` (BX-06)."""

    start_date: date | None = None
    """Posted documents and time before this day are left alone; without it, the day of set-up (C-50)."""

    mapping: ExistingFile | None = None
    """File with other field names and codes than the connector API's own, relative to this file."""

    exclude_tags: tuple[Text, ...] = ("NOTPROCORE",)
    """Records that carry one of these tags are left alone (C-44, MA-21)."""

    root_classes: tuple[str, ...] = ("", "Base Project", "Master Job", "Project with Change Order")
    """Classes of a project that is no change order itself; the empty one is a blank class (C-01)."""

    business_central: BusinessCentral
    procore: Procore
    flows: Flows = Flows()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.kind == "production" and urlsplit(self.procore.api_url).hostname in PROCORE_TEST_HOSTS:
            raise wrong(
                "a production connection names a test environment of Procore",
                'Set kind = "test", or procore.api_url to the production address (MA-05).',
            )
        flows = self.flows
        if flows.purchase_order_to_commitment.enabled and flows.commitment_to_purchase_order.enabled:
            raise wrong(
                "purchase-order-to-commitment and commitment-to-purchase-order are both on",
                "Turn one of them off: an order has one owner per connection (C-26).",
            )
        return self

    def identity(self) -> tuple[str, str, str, int]:
        """Which two companies this joins."""
        central, procore = self.business_central, self.procore
        return (central.api_url.lower(), central.company_id, procore.api_url.lower(), procore.company_id)


class Settings(Table):
    """The whole configuration."""

    # Empty tables, which are then validated with their surroundings: the store's file lies beside the configuration.
    store: Store = cast("Any", {})
    server: Server = cast("Any", {})
    connections: Annotated[dict[ConnectionName, Connection], Field(min_length=1)]

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict[str, str])

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each key that was set came from: `file`, or the environment variable."""
        return self._origins

    def came_from(self, origins: Mapping[str, str]) -> Self:
        """Keep where the values came from, for whoever looks at them while the hub runs."""
        self._origins = dict(origins)
        return self

    @model_validator(mode="after")
    def _gives_roles_where_there_is_something(self) -> Self:
        if unknown := self.server.oidc.unknown_places(dict(self.connections)):
            raise wrong(
                f"server.oidc.roles names connections that do not exist: {', '.join(unknown)}",
                f"There are: {', '.join(self.connections)}.",
            )
        return self

    @model_validator(mode="after")
    def _joins_each_pair_once(self) -> Self:
        seen: dict[tuple[str, str, str, int], str] = {}
        for name, connection in self.connections.items():
            first = seen.setdefault(connection.identity(), name)
            if first != name:
                raise wrong(
                    f"the connections {first} and {name} join the same two companies",
                    "Remove one of them: each pair has one connection, or every record would be carried twice.",
                )
        return self
