"""Who may ask what: every route against every role, one place to sign in, and no page of another site in between."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from domain.events import AccessRefused
from hub.access import EVERY, RULES, Principal, Right, Role, may
from hub.files import FORMATS
from hub.web import guard, hooks, sign_in
from hub.web.app import ROUTES
from hub.web.pages import entry, frame
from hub.web.routes import Route
from tests.hub.web.harness import ADMIN, NOW, Filled, served, settings

PUSH, GRANT = Right.PUSH_TO_ACCOUNTING, Right.GRANT
WITH_A_SECRET_OF_THEIR_OWN = [*hooks.ROUTES, *sign_in.ROUTES, *entry.ROUTES]
GUARDED = [route for route in ROUTES if route.action is not None]
NOBODYS_IDS = ("00000000-0000-4000-8000-000000000000", "0" * 64)


def address(route: Route) -> str:
    """The address of a route with names in it that nobody has."""
    fitting = (each for each in NOBODYS_IDS if re.fullmatch(route.ids, each))
    path = route.path.replace("{id}", next(fitting, NOBODYS_IDS[0]))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}nobody{rest.partition('}')[2]}"
    return path + ("?q=nothing" if path.endswith("/find") else "")


@pytest.mark.requirement("ER-01")
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("rights", [(), (PUSH,)], ids=["without the right", "with it"])
async def test_every_route_answers_every_role_by_the_table(
    ledger: Filled, tmp_path: Path, role: Role, rights: tuple[Right, ...]
) -> None:
    wrong: list[str] = []
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("program", role, *rights)
        asked = Principal("token:program", {EVERY: role}, frozenset(rights))
        for route in GUARDED:
            assert route.action is not None
            async with it.request(address(route), route.method, token, json={}) as answer:
                refused = answer.status == 403
            if refused == may(asked, route.action, None if route.whole else "main"):
                wrong.append(f"{route.method} {route.path}: {answer.status}")

    assert wrong == []


@pytest.mark.requirement("ER-01")
async def test_who_is_not_signed_in_gets_nothing_but_what_is_open(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "WRONG_PACE", guard.RateLimitItemPerSecond(1000, 1))
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for route in ROUTES:
            async with it.request(address(route), route.method, None, json={}) as answer:
                if route.action is not None:
                    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), route
                    assert answer.content_type == "application/problem+json"
                elif route not in WITH_A_SECRET_OF_THEIR_OWN:
                    assert answer.status in {200, 202, 404}, route


POLICY = "Content-Security-Policy"
TOLD = {
    "Cache-Control": "no-store",
    POLICY: "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
FILES = [f"/api/v1/exports/records?format={kind}" for kind in FORMATS] + ["/api/v1/reports/job-costs?format=csv"]


async def test_every_answer_tells_browsers_the_same_files_streams_and_refusals_too(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "WRONG_PACE", guard.RateLimitItemPerSecond(1000, 1))
    asked = [(address(route), token) for route in ROUTES if route.method == "GET" for token in (ADMIN, None)]
    asked += [(path, ADMIN) for path in ("/nothing/here", *FILES)]
    async with served(settings(ledger.copy(tmp_path), ledger.tables, public_url="https://hub.example.com")) as it:
        seen: dict[str, int] = {}
        for path, token in asked:
            async with it.request(path, token=token) as answer:
                seen[path] = answer.status
                told = {name: answer.headers.get(name) for name in TOLD}
                stricter = {"Referrer-Policy": "no-referrer"} if path.startswith("/sign-in") else {}
                policy = {POLICY: frame.POLICY} if answer.content_type == "text/html" else {}
                assert told in ({**TOLD, **policy}, {**TOLD, **policy, **stricter}), path
        stream = it.request("/api/v1/events", headers={"Accept": "text/event-stream"})
        async with stream as answer:
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
            assert {name: answer.headers.get(name) for name in TOLD} == TOLD

    assert [seen[path] for path in FILES] == [200] * len(FILES)


def test_every_action_has_a_rule_and_every_route_of_the_api_an_action() -> None:
    assert {route.action for route in GUARDED} <= set(RULES)
    assert [route.path for route in ROUTES if route.path.startswith("/api/") and route.action is None] == []


async def test_a_route_that_nobody_listed_is_refused(ledger: Filled, tmp_path: Path) -> None:
    async def secret(_request: web.Request) -> web.Response:
        return web.Response(text="forgotten")

    from hub.web import app as module  # noqa: PLC0415 - the application is taken apart here alone

    def forgetful(service: Any) -> web.Application:
        made = module.application(service)
        made.router.add_get("/forgotten", secret)
        return made

    async with (
        served(settings(ledger.copy(tmp_path), ledger.tables)) as it,
        it.service._web(forgetful(it.service), "127.0.0.1", 0) as url,
        it.http.get(f"{url}/forgotten") as got,
    ):
        assert got.status == 404


@pytest.mark.requirement("ER-04")
async def test_a_refusal_names_what_is_missing_and_is_recorded(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("reports", Role.READ, connections=("north",))
        before = await it.hub.ledger.last_position()
        problem = await it.ask("/api/v1/records?connection=main", token=token, status=403)
        rows = await it.hub.ledger.read(before, 10)

        assert problem["detail"] == "Not permitted: see takes the role read on main."
        events = [it.hub.ledger.events.decode(topic, state) for *_, topic, state in rows]
        assert [(event.actor, event.connection) for event in events if isinstance(event, AccessRefused)] == [
            ("token:reports", "main")
        ]


async def test_a_connection_that_does_not_exist_is_not_found_and_nothing_of_it_is_kept(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("reports", Role.READ, connections=("north",))
        before = await it.hub.ledger.last_position()
        for name in ("nowhere", "%00", "x" * 3000, "main%00"):
            await it.ask(f"/api/v1/records?connection={name}", token=token, status=404)

        assert await it.hub.ledger.last_position() == before


ORIGINS: list[tuple[dict[str, str], int]] = [
    ({"Sec-Fetch-Site": "same-origin"}, 204),
    ({"Sec-Fetch-Site": "none"}, 204),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "SELF"}, 403),
    ({"Origin": "SELF"}, 204),
    ({"Origin": "https://elsewhere.example.com"}, 403),
    ({"Origin": "null"}, 403),
    ({}, 403),
]


async def test_an_unsafe_request_with_a_cookie_comes_from_our_own_pages(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = await it.session("anna@example.com", Role.ADMIN)
        await it.token("reports")
        for headers, status in ORIGINS:
            sent = {name: it.url if value == "SELF" else value for name, value in headers.items()}
            sent["Cookie"] = cookie
            await it.ask("/api/v1/tokens/reports", "DELETE", None, headers=sent, status=status)


async def test_what_only_reads_and_what_has_a_token_needs_no_page_of_ours(ledger: Filled, tmp_path: Path) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = await it.session("anna@example.com", Role.ADMIN)
        await it.ask("/api/v1/records", token=None, headers={**foreign, "Cookie": cookie})
        await it.ask("/api/v1/tokens/nobody", "DELETE", headers=foreign, status=404)


async def test_a_session_that_was_ended_opens_nothing(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = await it.session("anna@example.com")
        await it.ask("/api/v1/records", token=None, headers={"Cookie": cookie})
        await it.hub.access.book.end_session(cookie.partition("=")[2])
        await it.ask("/api/v1/records", token=None, headers={"Cookie": cookie}, status=401)


async def test_wrong_sign_ins_are_slowed_down_and_right_ones_from_the_same_address_are_not(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        seen: list[int] = []
        for _ in range(20):
            async with it.request("/api/v1/flows", token="slk_wrong") as answer:
                seen.append(answer.status)
        assert seen[0] == 401
        assert seen[-1] == 429
        await it.ask("/api/v1/flows")


async def test_a_principal_that_asks_too_fast_is_told_to_wait_and_others_are_not(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PACE", guard.RateLimitItemPerSecond(3, 60))
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("eager")
        for _ in range(3):
            await it.ask("/api/v1/flows", token=token)
        async with it.request("/api/v1/flows", token=token) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        await it.ask("/api/v1/flows")


async def test_numbers_of_all_connections_are_for_those_who_may_see_all(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.ask("/metrics", token=await it.token("north-only", connections=("north",)), status=403)
        async with it.request("/metrics", token=await it.token("all")) as answer:
            assert "siteledger_queue_depth" in await answer.text()


async def test_a_session_ends_unused_after_half_an_hour_and_a_stream_does_not_keep_it(
    ledger: Filled, tmp_path: Path
) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        cookie = (await it.session("anna@example.com")).partition("=")[2]
        for _ in range(3):
            it.clock.at += timedelta(minutes=11)
            alive = await it.hub.access.book.session(cookie, look=True)
            assert (alive is not None) == (it.clock.at < NOW + timedelta(minutes=30))
