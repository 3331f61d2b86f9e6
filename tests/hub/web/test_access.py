"""Users, tokens and sessions over HTTP: what administrators change, what nobody may give themselves, what is shown."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.access import Right, Role
from tests.hub.web.harness import Filled, Web, served, settings
from tests.hub.web.test_contract import fits, schema_of


@asynccontextmanager
async def web(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    async with served(settings(ledger.copy(folder), ledger.tables)) as it:
        yield it


@pytest.mark.requirement("ER-01")
async def test_a_user_is_added_changed_listed_and_removed(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        user = {"name": "anna@example.com", "roles": {"main": "standard", "*": "read"}, "rights": []}
        added = await it.ask("/api/v1/users", "POST", json=user, status=201)
        fits(added, schema_of("/api/v1/users", "201", "post"))
        await it.ask("/api/v1/users", "POST", json=user, status=409)
        changed = await it.ask("/api/v1/users/anna@example.com", "PATCH", json={"roles": {"north": "none"}})
        page = await it.ask("/api/v1/users")
        fits(page, schema_of("/api/v1/users"))
        await it.ask("/api/v1/users/anna@example.com", "DELETE", status=204)
        await it.ask("/api/v1/users/anna@example.com", "DELETE", status=404)
        await it.ask("/api/v1/users/anna@example.com", "PATCH", json={"roles": {}}, status=404)

        assert added["roles"] == user["roles"]
        assert changed["roles"] == {"north": "none"}
        assert page["items"] == [changed]
        assert (await it.ask("/api/v1/users"))["items"] == []


@pytest.mark.requirement("ER-02")
async def test_nobody_makes_approvers_but_who_may(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        user = {"name": "bob", "roles": {"*": "standard"}, "rights": ["push_to_accounting"]}
        admin = await it.session("plain@example.com", Role.ADMIN)
        here = {"Cookie": admin, "Sec-Fetch-Site": "same-origin"}
        problem = await it.ask("/api/v1/users", "POST", None, json=user, headers=here, status=403)
        assert "push_to_accounting" in problem["detail"]
        await it.ask("/api/v1/users", "POST", json=user, status=201)  # the first administrator holds grant
        grant = {"rights": ["grant"]}
        await it.ask("/api/v1/users/bob", "PATCH", None, json=grant, headers=here, status=403)


async def test_a_token_opens_what_it_was_made_for_until_it_is_revoked(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        wish = {"name": "reports", "role": "read", "connections": ["north"], "days": 30}
        made = await it.ask("/api/v1/tokens", "POST", json=wish, status=201)
        fits(made, schema_of("/api/v1/tokens", "201", "post"))
        await it.ask("/api/v1/tokens", "POST", json=wish, status=422)
        me = await it.ask("/api/v1/me", token=made["secret"])
        fits(me, schema_of("/api/v1/me"))
        assert me["connections"] == {"north": {"role": "read", "may": ["see"]}}
        assert (me["actor"], me["user"], me["hub"]) == ("token:reports", None, [])
        page = await it.ask("/api/v1/tokens")
        fits(page, schema_of("/api/v1/tokens"))
        assert made["secret"] not in repr(page)
        for _ in range(2):
            await it.ask("/api/v1/tokens/reports", "DELETE", status=204)
        await it.ask("/api/v1/me", token=made["secret"], status=401)


async def test_wishes_that_cannot_be_kept_are_refused_by_field(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        for body, field in (
            ({"name": "a b", "role": "read"}, "name"),
            ({"name": "a", "role": "owner"}, "role"),
            ({"name": "a", "role": "read", "days": 0}, "days"),
            ({"name": "a", "role": "read", "days": 10**30}, "days"),
            ({"name": "a", "role": "read", "connections": ["nowhere"]}, "connection"),
            ({"name": "a", "role": "read", "secret": "mine"}, "secret"),
            ({"name": "a\0", "role": "read"}, "name"),
            ([], "body"),
        ):
            problem = await it.ask("/api/v1/tokens", "POST", json=body, status=422)
            assert field in problem["detail"] or field == "body", problem
        await it.ask("/api/v1/tokens", "POST", data=b"{", headers={"Content-Type": "application/json"}, status=400)
        await it.ask("/api/v1/tokens", "POST", data=b"a=b", headers={"Content-Type": "text/plain"}, status=415)


async def test_signing_out_everywhere_ends_all_sessions_of_one_user(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        anna, here = await it.session("anna"), {"Sec-Fetch-Site": "same-origin"}
        other = "__Host-session=" + await it.hub.access.book.start_session("anna")
        bob = await it.session("bob")
        await it.ask("/api/v1/sessions?user=anna", "DELETE", None, headers={**here, "Cookie": bob}, status=403)
        await it.ask("/api/v1/sessions", "DELETE", None, headers={**here, "Cookie": anna}, status=204)
        for cookie, status in ((anna, 401), (other, 401), (bob, 200)):
            await it.ask("/api/v1/me", token=None, headers={"Cookie": cookie}, status=status)
        await it.ask("/api/v1/sessions", "DELETE", status=422)
        await it.ask("/api/v1/sessions?user=bob", "DELETE", status=204)
        await it.ask("/api/v1/me", token=None, headers={"Cookie": bob}, status=401)


async def test_a_change_of_role_ends_the_sessions_of_its_user(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        anna = await it.session("anna", Role.STANDARD, Right.PUSH_TO_ACCOUNTING)
        await it.ask("/api/v1/users/anna", "PATCH", json={"roles": {"*": "read"}})
        await it.ask("/api/v1/me", token=None, headers={"Cookie": anna}, status=401)
