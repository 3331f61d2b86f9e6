"""Records come back as they were, changes are decided again when somebody was faster, and bodies are kept once."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from adapters.store import StreamMoved
from domain.commitment import Commitment
from domain.errors import SiteLedgerError
from domain.record import Record
from domain.values import BUSINESS_CENTRAL, digest, read_json
from hub.records import RETRIES, Contents, Records, canonical_json, rebuilt
from tests.hub.harness import bench
from tests.ledger_story import CONNECTION, FLOW, moment, observed, parked, requested, sight

ID = Record.id_for(CONNECTION, "commitment", "po-1")


def see(content: str = "v1"):  # noqa: ANN201 - an `act` for `change`
    def act(found: Mapping[UUID, Record], _contents: Contents) -> tuple[()]:
        observed(content)(found[ID], moment())
        return ()

    return act


async def test_a_record_that_nobody_saw_is_a_new_one_of_its_kind(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        record = (await it.records.load([ID, ID], "commitment"))[ID]

    assert isinstance(record, Commitment)
    assert (record.version, record.kind) == (0, "commitment")


@pytest.mark.requirement("DC-01")
async def test_a_record_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        record = (await it.records.load([ID], "commitment"))[ID]
        for command in (observed("v1"), parked("V1"), observed("v2"), requested("a")):
            command(record, moment())
        assert await it.records.save([record], Contents()) == 4
        again = (await it.records.load([ID]))[ID]

    assert isinstance(again, Commitment)
    assert vars(again) == vars(record)


async def test_nothing_new_is_nothing_stored(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        record = (await it.records.load([ID], "commitment"))[ID]

        assert await it.records.save([record], Contents()) == 0
        assert await it.events() == []


async def test_whoever_comes_second_is_refused_and_stores_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        first, second = [(await it.records.load([ID], "commitment"))[ID] for _ in range(2)]
        observed("v1")(first, moment())
        observed("v2")(second, moment())
        await it.records.save([first], Contents())

        contents = Contents()
        name = contents.add(b"second")
        with pytest.raises(StreamMoved):
            await it.records.save([second], contents)
        assert await it.events() == ["record.observed.1"]
        assert await it.ledger.contents([name]) == {}


async def test_a_change_is_decided_again_when_another_process_was_faster(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        turns: list[int] = []
        other = Records(it.ledger, CONNECTION)
        rival = (await other.load([ID], "commitment"))[ID]
        observed("v1")(rival, moment())

        def act(found: Mapping[UUID, Record], _contents: Contents) -> tuple[()]:
            turns.append(found[ID].version)
            found[ID].observe(sight("v2"), moment())
            return ()

        original = it.records.save

        async def overtaken(*arguments: object, **more: object) -> int:
            if rival.has_news:
                await other.save([rival], Contents())
            return await original(*arguments, **more)  # type: ignore[arg-type]

        it.records.save = overtaken  # type: ignore[method-assign]
        assert await it.records.change([ID], act, "commitment") == 1

    assert turns == [0, 1]


async def test_a_change_that_is_always_overtaken_is_given_up(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        turns: list[int] = []

        async def refused(*_arguments: object, **_more: object) -> int:
            turns.append(1)
            raise StreamMoved("somebody was faster")

        it.records.save = refused  # type: ignore[method-assign]
        with pytest.raises(StreamMoved):
            await it.records.change([ID], see(), "commitment")

    assert len(turns) == RETRIES


@pytest.mark.requirement("DC-02")
async def test_what_a_side_holds_can_be_read_back_with_exact_amounts(tmp_path: Path) -> None:
    document = {"number": "PO-1", "amount": Decimal("0.10"), "big": Decimal("12345678901234567890.12345")}
    async with bench(tmp_path) as it:

        def act(found: Mapping[UUID, Record], contents: Contents) -> tuple[()]:
            seen = sight("v1")
            content = contents.add_json(document)
            fields = {name: getattr(seen, name) for name in seen.__struct_fields__}
            found[ID].observe(type(seen)(**{**fields, "content": content}), moment())
            return ()

        await it.records.change([ID], act, "commitment")
        record = (await it.records.load([ID]))[ID]

        assert await it.records.sources([record]) == {ID: document}


async def test_a_lost_body_is_said_and_not_guessed(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        await it.records.change([ID], see(), "commitment")
        record = (await it.records.load([ID]))[ID]

        with pytest.raises(SiteLedgerError, match=record.believed[BUSINESS_CENTRAL].content):
            await it.records.sources([record])


def test_a_body_is_kept_once_under_its_digest() -> None:
    contents = Contents()
    names = {contents.add_json({"a": 1, "b": Decimal("1.50")}) for _ in range(3)}
    names.add(contents.add_json({"b": Decimal("1.50"), "a": 1}))

    assert len(names) == len(contents.new) == 1


def test_what_will_be_sent_keeps_the_order_of_its_fields() -> None:
    contents = Contents()
    name = contents.add_body({"b": [{"z": Decimal("1.50"), "y": 1}], "a": 1})

    assert contents.new[name] == b'{"b":[{"z":1.50,"y":1}],"a":1}'


def test_a_stored_document_keeps_its_numbers_as_they_came() -> None:
    stored = canonical_json({"b": Decimal("1.50"), "a": 1})

    assert stored == b'{"a":1,"b":1.50}'
    assert read_json(stored) == {"a": 1, "b": Decimal("1.50")}


def test_a_record_is_rebuilt_as_the_kind_that_its_first_sight_names() -> None:
    record = Record(ID, CONNECTION)
    observed()(record, moment())
    parked()(record, moment())
    again = rebuilt(ID, CONNECTION, record.collect_events())

    assert isinstance(again, Commitment)
    assert again.flow(FLOW).status.state == "parked"
    assert digest(again.number) == digest("PO-1")
