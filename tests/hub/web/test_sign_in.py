"""Signing in by OpenID Connect: who the provider names gets a session with what the table gives, and nobody else."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.ports import FixedClock
from domain.events import AccessRefused, Event, SessionStarted, UserPut
from hub.access import EVERY, Role
from hub.settings import InvalidConfiguration
from tests.hub.settings.sample import MAIN, configured
from tests.hub.web import provider as kinds
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.hub.web.provider import CLIENT, SECRET, Provider, provider

PUBLIC = "https://hub.example.com"
ROLES = {"Everything": ["admin"], "Accounting": ["main=standard", "push_to_accounting"], "Nothing": ["none"]}
ANNA = "anna@example.com"


@asynccontextmanager
async def web(ledger: Filled, folder: Path, **oidc: Any) -> AsyncGenerator[tuple[Web, Provider]]:
    clock = FixedClock(NOW)
    async with provider(clock) as who:
        table = {
            "issuer": who.url,
            "client_id": CLIENT,
            "client_secret": "env:OIDC_SECRET",
            "roles": ROLES,
            **oidc,
        }
        the = settings(ledger.copy(folder), ledger.tables, public_url=PUBLIC, oidc=table)
        async with served(the, clock) as it:
            yield it, who


async def begun(it: Web) -> tuple[str, str]:
    """Where the browser is sent, and its cookie."""
    async with it.request("/sign-in/begin", token=None, headers={"X-Forwarded-Host": "evil.example.com"}) as answer:
        assert answer.status == 302
        return answer.headers["Location"], answer.headers["Set-Cookie"].partition(";")[0]


async def back(it: Web, cookie: str, code: str, state: str) -> tuple[int, str, str]:
    """Status, session cookie and words of the way back."""
    path = "/sign-in/callback"
    async with it.request(path, token=None, params={"code": code, "state": state}, headers={"Cookie": cookie}) as got:
        session = got.cookies.get("__Host-session")
        return got.status, f"__Host-session={session.value}" if session else "", await got.text()


async def signed_in(it: Web, who: Provider, **claims: Any) -> tuple[int, str, str]:
    """The whole way."""
    place, cookie = await begun(it)
    code = who.authorize(place, **{"preferred_username": ANNA, **claims})
    return await back(it, cookie, code, who.asked["state"])


async def happened(it: Web) -> list[Event]:
    """Everything that happened."""
    return [it.hub.ledger.events.decode(topic, state) for *_, topic, state in await it.hub.ledger.read(0, 5000)]


@pytest.mark.requirement("ER-01")
async def test_who_the_provider_names_gets_a_session_with_what_the_table_gives(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as (it, who):
        status, session, _ = await signed_in(it, who, roles=["Accounting", "Other"])
        me = await it.ask("/api/v1/me", token=None, headers={"Cookie": session})
        events = await happened(it)

    assert status == 303
    assert (me["actor"], me["rights"]) == (f"user:{ANNA}", ["push_to_accounting"])
    assert {name: place["role"] for name, place in me["connections"].items()} == {"main": "standard"}
    assert [(event.actor, event.source) for event in events if isinstance(event, UserPut)] == [(f"oidc:{ANNA}", "oidc")]
    assert [event.name for event in events if isinstance(event, SessionStarted)] == [ANNA]


async def test_the_browser_is_sent_with_pkce_state_and_nonce_to_come_back_to_our_own_address(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as (it, who):
        place, cookie = await begun(it)
        other, _ = await begun(it)

    query = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
    assert place.startswith(f"{who.url}/authorize?")
    assert query["redirect_uri"] == f"{PUBLIC}/sign-in/callback"
    assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", CLIENT, "S256")
    assert query["scope"] == "openid profile email"
    word = cookie.partition("=")[2]
    told = [query["state"], query["nonce"], query["code_challenge"]]
    assert len({*told, word}) == 4
    assert all(value not in other for value in told)


async def test_cookies_are_for_our_host_alone_and_for_no_script(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as (it, who):
        place, cookie = await begun(it)
        code = who.authorize(place, preferred_username=ANNA, roles=["Everything"])
        params = {"code": code, "state": who.asked["state"]}
        async with it.request("/sign-in/callback", token=None, params=params, headers={"Cookie": cookie}) as answer:
            cookies = answer.headers.getall("Set-Cookie")

    assert {text.partition("=")[0] for text in cookies} == {"__Host-session", "__Host-sign-in", "__Host-next"}
    for text in cookies:
        assert text.startswith("__Host-")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=Lax"} <= set(text.split("; "))
        assert "Domain" not in text


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/records?q=%C3%84%26B&state=failed", "/records?q=%C3%84%26B&state=failed"),
        ("/jobs/JOB%2F1", "/jobs/JOB%2F1"),
        ("//evil.example.com/", "/"),
        ("/\\evil.example.com", "/"),
        ("https://evil.example.com/", "/"),
        ("", "/"),
    ],
)
async def test_whoever_signs_in_is_led_where_they_wanted_to_go_and_to_no_other_server(
    ledger: Filled, tmp_path: Path, wanted: str, led: str
) -> None:
    async with web(ledger, tmp_path) as (it, who):
        async with it.request("/sign-in", token=None, params={"next": wanted}) as page:
            link = unescape((await page.text()).partition('class="button" href="')[2].partition('"')[0])
        async with it.request(link, token=None) as sent:
            cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in sent.cookies.values())
            code = who.authorize(sent.headers["Location"], preferred_username=ANNA, roles=["Everything"])
        params = {"code": code, "state": who.asked["state"]}
        async with it.request("/sign-in/callback", token=None, params=params, headers={"Cookie": cookies}) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, led)
            assert answer.cookies["__Host-next"].value == ""


@pytest.mark.parametrize(
    "forge", [kinds.unsigned, kinds.shared, kinds.strange, kinds.changed, kinds.garbage], ids=lambda f: f.__name__
)
async def test_a_token_that_the_provider_did_not_sign_opens_nothing(ledger: Filled, tmp_path: Path, forge: Any) -> None:
    async with web(ledger, tmp_path) as (it, who):
        who.forge = forge
        status, session, words = await signed_in(it, who, roles=["Everything"])

        assert (status, session) == (403, "")
        assert "does not hold" in words
        refusals = [event for event in await happened(it) if isinstance(event, AccessRefused)]
        assert [(event.action, "does not hold" in event.reason) for event in refusals] == [("sign_in", True)]
        assert await it.hub.access.book.users() == []


WRONG: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another-client"},
    {"aud": None},
    {"aud": [CLIENT, "another"]},
    {"iss": "https://elsewhere.example.com"},
    {"iss": None},
    {"exp": int((NOW - timedelta(minutes=5)).timestamp())},
    {"exp": None},
    {"exp": "never"},
    {"iat": int((NOW + timedelta(hours=1)).timestamp())},
    {"nbf": int((NOW + timedelta(hours=1)).timestamp())},
    {"azp": "another-client"},
    {"sub": None},
]


async def test_a_token_for_somebody_else_or_another_time_opens_nothing(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as (it, who):
        for claims in WRONG:
            assert (await signed_in(it, who, roles=["Everything"], **claims))[:2] == (403, ""), claims
        assert await it.hub.access.book.users() == []


async def test_what_does_not_belong_to_this_browser_or_code_is_refused(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as (it, who):
        place, cookie = await begun(it)
        code = who.authorize(place, preferred_username=ANNA, roles=["Everything"])
        state = who.asked["state"]
        _, stranger = await begun(it)
        for attempt in (
            (cookie, code, "another-state"),
            (cookie, code, ""),
            (cookie, code, "\u00e4"),
            (cookie, "another-code", state),
            (cookie, "", state),
            (stranger, code, state),
            ("", code, state),
        ):
            assert (await back(it, *attempt))[:2] == (403, ""), attempt
        assert (await back(it, cookie, code, state))[0] == 303


async def test_keys_that_the_provider_changed_are_looked_up_anew_and_not_without_end(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as (it, who):
        assert (await signed_in(it, who, roles=["Everything"]))[0] == 303
        it.clock.at += timedelta(minutes=5)
        who.rotate()
        assert (await signed_in(it, who, roles=["Everything"]))[0] == 303
        who.forge = kinds.strange
        for _ in range(5):
            assert (await signed_in(it, who, roles=["Everything"]))[0] == 403

    assert who.looked.count("keys") == 2
    assert who.looked.count("discovery") == 1


@pytest.mark.requirement("ER-01")
async def test_roles_follow_the_provider_at_every_sign_in_and_end_the_sessions_before(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as (it, who):
        first = (await signed_in(it, who, roles=["Everything"]))[1]
        second = (await signed_in(it, who, roles=["Accounting"]))[1]
        await it.ask("/api/v1/me", token=None, headers={"Cookie": first}, status=401)
        await it.ask("/api/v1/me", token=None, headers={"Cookie": second})
        status, _, words = await signed_in(it, who, roles=["Nothing", "Unknown"])
        await it.ask("/api/v1/me", token=None, headers={"Cookie": second}, status=401)

    assert status == 403
    assert "ask an administrator" in words


@pytest.mark.requirement("ER-01")
async def test_what_a_provider_gave_ends_with_its_token_and_what_was_given_here_does_not(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as (it, who):
        exp = int(it.clock.now().timestamp()) + 2 * 3600
        theirs = (await signed_in(it, who, roles=["Everything"], exp=exp))[1]
        short = (await signed_in(it, who, roles=["Everything"]))[1]  # five minutes
        await it.ask("/api/v1/users", "POST", json={"name": "ben@example.com", "roles": {"*": "read"}}, status=201)
        ours = (await signed_in(it, who, preferred_username="ben@example.com"))[1]
        seen: dict[str, list[int]] = {"theirs": [], "short": [], "ours": []}
        for minutes in (0, 14, 2, 20, 20, 20, 20, 20, 5):
            it.clock.at += timedelta(minutes=minutes)
            for name, cookie in (("theirs", theirs), ("short", short), ("ours", ours)):
                async with it.request("/api/v1/me", token=None, headers={"Cookie": cookie}) as answer:
                    seen[name].append(answer.status)

    assert seen["short"] == [200] * 2 + [401] * 7
    assert seen["theirs"] == [200] * 8 + [401]
    assert seen["ours"] == [200] * 9


async def test_a_user_who_was_made_here_keeps_what_was_given_here(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as (it, who):
        await it.ask("/api/v1/users", "POST", json={"name": ANNA, "roles": {"*": "read"}}, status=201)
        session = (await signed_in(it, who, roles=["Everything"]))[1]
        me = await it.ask("/api/v1/me", token=None, headers={"Cookie": session})

    assert {place["role"] for place in me["connections"].values()} == {"read"}


async def test_without_a_table_only_users_who_were_made_here_come_in(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path, roles={}) as (it, who):
        assert (await signed_in(it, who, roles=["Everything"]))[0] == 403
        await it.ask("/api/v1/users", "POST", json={"name": ANNA, "roles": {"*": "read"}}, status=201)
        assert (await signed_in(it, who))[0] == 303


async def test_a_name_that_is_missing_odd_or_not_verified_is_refused_and_not_kept(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as (it, who):
        for name in (None, "", 7, "a\0b", "a b", "x" * 101):
            status = (await signed_in(it, who, roles=["Everything"], preferred_username=name))[0]
            assert status in {403, 422}, name
        assert "\0" not in "".join(event.actor for event in await happened(it))
        assert await it.hub.access.book.users() == []
    async with web(ledger, tmp_path, name_claim="email") as (it, who):
        for verified, status in ((None, 403), ("true", 403), (False, 403), (True, 303)):
            more = {"email": ANNA, "email_verified": verified, "roles": ["Everything"]}
            assert (await signed_in(it, who, **more))[0] == status


async def test_signing_out_ends_the_session_and_takes_a_page_of_ours(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as (it, who):
        session = (await signed_in(it, who, roles=["Everything"]))[1]
        for headers, status in (
            ({"Origin": it.url}, 403),  # the address behind the proxy is not ours
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({}, 403),
            ({"Origin": PUBLIC}, 303),
        ):
            async with it.request("/sign-out", "POST", None, headers={**headers, "Cookie": session}) as answer:
                assert answer.status == status, headers
        await it.ask("/api/v1/me", token=None, headers={"Cookie": session}, status=401)


async def test_a_provider_that_is_away_or_does_not_know_us_is_told_apart_and_no_secret_is_told(
    ledger: Filled, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    async with web(ledger, tmp_path) as (it, who):
        monkeypatch.setattr(kinds, "SECRET", "another")
        status, _, words = await signed_in(it, who, roles=["Everything"])
        assert (status, "client_secret" in words) == (502, True)
    async with web(ledger, tmp_path, issuer="http://127.0.0.1:9") as (it, _):
        problem = await it.ask("/sign-in/begin", token=None, status=503)
        assert "try again" in problem["detail"]
    assert SECRET not in caplog.text + words


async def test_without_a_provider_nobody_signs_in_by_a_browser(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.ask("/sign-in/begin", token=None, status=404)
        await it.ask("/sign-in/callback?code=a&state=b", token=None, status=404)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["issuer = 'https://id.example.com'"], "client_id or client_secret is missing"),
        (["scopes = ['email']"], "openid"),
        (["roles = { A = ['owner'] }"], "neither a role nor a right"),
        (["roles = { A = ['nowhere=read'] }"], "do not exist: nowhere"),
        (["issuer = 'http://id.example.com'"], "this computer only"),
    ],
)
def test_a_table_that_cannot_work_is_told_at_the_start(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(InvalidConfiguration, match=says):
        configured(tmp_path, MAIN + "\n[server.oidc]\n" + "\n".join(lines) + "\n")


def test_the_highest_role_counts_at_each_place() -> None:
    from hub.web.identity import _roles  # noqa: PLC0415

    assert _roles(["read", "main=admin", "main=standard"]) == {EVERY: Role.READ, "main": Role.ADMIN}
    assert _roles(["admin", "main=read", "grant"]) == {EVERY: Role.ADMIN, "main": Role.ADMIN}
