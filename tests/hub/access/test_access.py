"""Who is it, and may they: tokens, users and sessions open what they should, end when they should, and leave traces."""

from contextlib import suppress
from datetime import timedelta

import anyio
import pytest

from domain.errors import Misconfigured
from domain.events import (
    AccessRefused,
    SessionEnded,
    SessionStarted,
    SignInLinkMade,
    SignInLinkUsed,
    TokenCreated,
    TokenRevoked,
    UserPut,
    UserRemoved,
)
from hub.access import (
    EVERY,
    Access,
    Action,
    NoSuch,
    NotPermitted,
    NotSignedIn,
    Principal,
    Right,
    Role,
    WrongRequest,
    may,
)
from hub.access.access import CODE
from hub.access.secrets import is_token
from hub.queries.access import sessions
from hub.settings import Secret
from tests.hub.access.bench import ADMIN_TOKEN, MONTH, OPERATOR, Bench, bench

PUSH, GRANT = Right.PUSH_TO_ACCOUNTING, Right.GRANT
MINUTE = timedelta(minutes=1)


async def refusals(it: Bench) -> list[tuple[str, str, str, int]]:
    return [
        (event.actor, event.action, event.reason, event.count)
        for event in await it.events()
        if isinstance(event, AccessRefused)
    ]


async def test_a_token_signs_in_with_its_own_role_and_no_more(store_url: str) -> None:
    async with bench(store_url) as it:
        secret = await it.token("reports", role=Role.STANDARD, connections=("main",))

        who = await it.access.authenticate(secret)

        assert (who.actor, dict(who.roles), who.rights) == ("token:reports", {"main": Role.STANDARD}, frozenset())
        assert secret.startswith("slk_")
        assert is_token(secret)


@pytest.mark.requirement("ER-01")
async def test_a_token_that_is_unknown_revoked_or_over_is_refused_in_the_same_words_and_recorded() -> None:
    async with bench() as it:
        over, revoked = await it.token("over", lifetime=MINUTE), await it.token("revoked")
        await it.access.revoke_token(OPERATOR, "revoked")
        it.clock.at += MINUTE

        said: set[str] = set()
        for secret in (over, revoked, over[:-1] + ("A" if over[-1] != "A" else "B"), "", "slk_"):
            with pytest.raises(NotSignedIn) as caught:
                await it.access.authenticate(secret)
            said.add(str(caught.value))

        assert len(said) == 1
        assert await refusals(it) == [
            ("token:over", "sign_in", "expired token", 1),
            ("token:revoked", "sign_in", "revoked token", 1),
            ("unknown", "sign_in", "unknown token", 1),
        ]


async def test_neither_store_nor_events_hold_a_token_or_its_digest_where_others_read() -> None:
    async with bench() as it:
        secret = await it.token("reports")

        rows = await it.ledger.rows("SELECT * FROM access_token")
        states = b"".join(state for *_, state in await it.ledger.read(0, 100))
        assert secret not in repr(rows)
        assert secret.encode() not in states
        assert rows[0][1].hex().encode() not in states


async def test_last_use_is_noted_once_a_minute() -> None:
    async with bench() as it:
        secret = await it.token("reports")
        first = it.clock.at
        await it.access.authenticate(secret)
        it.clock.at += MINUTE / 2
        await it.access.authenticate(secret)
        (token,) = await it.access.book.tokens()
        assert token.used_at == first

        it.clock.at += MINUTE
        await it.access.authenticate(secret)
        (token,) = await it.access.book.tokens()

        assert token.used_at == it.clock.at


@pytest.mark.requirement("ER-02")
async def test_a_token_may_never_more_than_its_owner_and_ends_with_them() -> None:
    async with bench() as it:
        await it.signed_in("anna", Role.ADMIN, connection="main")
        secret = await it.token("annas", role=Role.ADMIN, owner="anna")
        assert may(await it.access.authenticate(secret), Action.CONFIGURE, "main")
        assert not may(await it.access.authenticate(secret), Action.SEE, "north")

        await it.access.put_user(OPERATOR, "anna", roles={"main": Role.READ})
        assert not may(await it.access.authenticate(secret), Action.CONFIGURE, "main")

        await it.access.remove_user(OPERATOR, "anna")
        with pytest.raises(NotSignedIn):
            await it.access.authenticate(secret)


@pytest.mark.requirement("ER-02")
async def test_a_token_that_approves_is_made_by_the_approver_alone_and_loses_the_right_with_them() -> None:
    async with bench() as it:
        anna = await it.signed_in("anna", Role.ADMIN, PUSH)
        for stranger in (OPERATOR, await it.signed_in("boss", Role.ADMIN, GRANT)):
            with pytest.raises(NotPermitted, match="approver alone"):
                await it.access.create_token(
                    stranger, "theirs", role=Role.ADMIN, approve=True, lifetime=MONTH, owner="anna"
                )
        secret, _ = await it.access.create_token(anna, "annas", role=Role.STANDARD, approve=True, lifetime=MONTH)
        assert may(await it.access.authenticate(secret), Action.APPROVE, "main")

        await it.access.put_user(OPERATOR, "anna", rights=frozenset())

        assert not may(await it.access.authenticate(secret), Action.APPROVE, "main")


@pytest.mark.requirement("ER-02")
async def test_only_an_approver_or_who_may_grant_makes_approvers() -> None:
    async with bench() as it:
        plain = await it.signed_in("plain", Role.ADMIN)
        with pytest.raises(NotPermitted, match="push_to_accounting"):
            await it.access.put_user(plain, "anna", roles={EVERY: Role.STANDARD}, rights=frozenset({PUSH}))
        with pytest.raises(NotPermitted, match="giving grant takes the right grant"):
            await it.access.put_user(plain, "plain", rights=frozenset({GRANT}))
        assert await it.access.book.user("anna") is None

        anna = await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.STANDARD}, rights=frozenset({PUSH}))

        assert anna.rights == {PUSH}


@pytest.mark.requirement("ER-01")
async def test_whoever_is_no_admin_of_all_changes_nothing_about_who_may_and_is_recorded() -> None:
    async with bench() as it:
        anna = await it.signed_in("anna", Role.ADMIN, connection="main")
        attempts = (
            it.access.put_user(anna, "anna", roles={EVERY: Role.ADMIN}),
            it.access.remove_user(anna, "anna"),
            it.access.create_token(anna, "t", role=Role.READ, lifetime=MONTH),
            it.access.revoke_token(anna, "t"),
        )
        for attempt in attempts:
            with pytest.raises(NotPermitted, match="role admin on every connection"):
                await attempt

        await it.access.refusals.flush()
        told = await refusals(it)
        assert {row[:2] for row in told} == {("user:anna", "manage")}
        assert sum(row[3] for row in told) == 4


async def test_the_first_admin_comes_by_the_setting() -> None:
    async with bench() as it:
        first = await it.access.authenticate(ADMIN_TOKEN)

        assert first.actor == "token:admin"
        assert may(first, Action.MANAGE)
        assert not may(first, Action.APPROVE, "main")


async def test_without_the_setting_nothing_stands_for_the_first_admin_and_a_short_one_is_refused() -> None:
    async with bench() as it:
        parts = (it.ledger, it.access.book._clock, it.access.book._rng)
        for empty in (None, Secret(None, "env:NONE")):
            with pytest.raises(NotSignedIn):
                await Access(*parts, empty).authenticate("")
        with pytest.raises(Misconfigured, match="too short") as caught:
            Access(*parts, Secret("planted-short"))

        assert "planted" not in str(caught.value)


@pytest.mark.parametrize(("unused", "uses", "counts"), [(29, 1, True), (30, 1, False), (29, 24, True), (29, 25, False)])
async def test_a_session_ends_after_half_an_hour_unused_and_after_half_a_day(
    unused: int, uses: int, *, counts: bool
) -> None:
    async with bench() as it:
        await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.READ})
        cookie = await it.access.book.start_session("anna")
        for _ in range(uses - 1):
            it.clock.at += unused * MINUTE
            await it.access.session(cookie)
        it.clock.at += unused * MINUTE

        if counts:
            assert (await it.access.session(cookie)).actor == "user:anna"
        else:
            with pytest.raises(NotSignedIn):
                await it.access.session(cookie)


@pytest.mark.parametrize("change", ["roles", "rights", "removed", "signed out"])
async def test_a_session_ends_with_every_change_of_its_user(store_url: str, change: str) -> None:
    async with bench(store_url) as it:
        await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.READ})
        await it.access.put_user(OPERATOR, "otto", roles={EVERY: Role.READ})
        cookie, other = await it.access.book.start_session("anna"), await it.access.book.start_session("otto")
        match change:
            case "roles":
                await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.STANDARD})
            case "rights":
                await it.access.put_user(OPERATOR, "anna", rights=frozenset({GRANT}))
            case "removed":
                await it.access.remove_user(OPERATOR, "anna")
            case _:
                await it.access.book.end_session(cookie)
                await it.access.book.end_session(cookie)

        with pytest.raises(NotSignedIn):
            await it.access.session(cookie)
        assert (await it.access.session(other)).user == "otto"
        assert cookie not in repr(await it.ledger.rows("SELECT * FROM access_session"))


@pytest.mark.requirement("ER-01")
async def test_a_sign_in_link_signs_its_user_in_once_and_is_no_session(store_url: str) -> None:
    async with bench(store_url) as it:
        await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.READ})
        word, over = [await it.access.sign_in_code(OPERATOR, "anna") for _ in range(2)]
        with pytest.raises(NotSignedIn):
            await it.access.session(word)
        assert await sessions(it.ledger, "anna", it.clock.at) == []

        came: list[str] = []

        async def follow() -> None:
            with suppress(NotSignedIn):
                came.append(await it.access.redeem(word))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(follow)
        it.clock.at += CODE
        for late in (over, "", "guess"):
            with pytest.raises(NotSignedIn):
                await it.access.redeem(late)

        [cookie] = came
        assert cookie != word
        assert (await it.access.session(cookie)).actor == "user:anna"
        told = [event for event in await it.events() if not isinstance(event, UserPut | AccessRefused)]
        assert [(type(event), event.actor) for event in told] == [
            (SignInLinkMade, "cli:olga"),
            (SignInLinkMade, "cli:olga"),
            (SignInLinkUsed, "user:anna"),
            (SessionStarted, "user:anna"),
        ]
        rows = await it.ledger.rows("SELECT * FROM sign_in_link")
        states = b"".join(state for *_, state in await it.ledger.read(0, 100))
        assert word not in f"{rows}{states}"
        assert over not in f"{rows}{states}"


@pytest.mark.parametrize("change", ["roles", "removed", "signed out"])
async def test_a_sign_in_link_ends_with_every_change_of_its_user(change: str) -> None:
    async with bench() as it:
        await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.READ})
        word = await it.access.sign_in_code(OPERATOR, "anna")
        match change:
            case "roles":
                await it.access.put_user(OPERATOR, "anna", roles={EVERY: Role.STANDARD})
            case "removed":
                await it.access.remove_user(OPERATOR, "anna")
            case _:
                await it.access.end_sessions(OPERATOR, "anna")

        with pytest.raises(NotSignedIn):
            await it.access.redeem(word)


async def test_every_change_is_an_event_with_who_did_it_and_nothing_is_one_twice() -> None:
    async with bench() as it:
        for _ in range(2):
            await it.access.put_user(OPERATOR, "anna", roles={"main": Role.READ})
        cookie = await it.access.book.start_session("anna")
        await it.access.book.end_session(cookie)
        await it.token("reports")
        for _ in range(2):
            await it.access.revoke_token(OPERATOR, "reports")
        await it.access.remove_user(OPERATOR, "anna")
        await it.access.put_user(OPERATOR, "anna", roles={"main": Role.STANDARD})

        events = await it.events()
        assert [(type(event), event.actor) for event in events] == [
            (UserPut, "cli:olga"),
            (SessionStarted, "user:anna"),
            (SessionEnded, "user:anna"),
            (TokenCreated, "cli:olga"),
            (TokenRevoked, "cli:olga"),
            (UserRemoved, "cli:olga"),
            (UserPut, "cli:olga"),
        ]
        assert {event.at for event in events} == {it.clock.at}


@pytest.mark.requirement("ER-01")
async def test_a_flood_of_refusals_is_counted_and_fills_nothing() -> None:
    async with bench() as it:
        for count in range(1000):
            with pytest.raises(NotSignedIn):
                await it.access.authenticate(f"guess {count}")
            nobody = Principal(f"user:{count}", {})
            with pytest.raises(NotPermitted):
                await it.access.require(nobody, Action.SEE, "main")
        assert len(await it.events()) == 16

        it.clock.at += MINUTE
        with pytest.raises(NotSignedIn):
            await it.access.authenticate("guess")
        told = await refusals(it)

        assert sum(count for *_, count in told) == 2001
        assert len(told) <= 16 + 3


async def test_two_tokens_never_share_a_name_and_a_name_is_plain() -> None:
    async with bench() as it:
        await it.token("reports")

        with pytest.raises(WrongRequest, match="already"):
            await it.token("reports")
        with pytest.raises(WrongRequest, match="no name"):
            await it.token("two words")
        with pytest.raises(WrongRequest, match="must end"):
            await it.token("eternal", lifetime=timedelta(days=4000))
        with pytest.raises(NoSuch, match='no token "other"'):
            await it.access.revoke_token(OPERATOR, "other")
        with pytest.raises(NoSuch, match='no user "nobody"'):
            await it.token("orphan", owner="nobody")
