"""The soak's model: what a ledger allows to be there."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.soak.content import Content
from benchmarks.soak.leaks import slope
from benchmarks.soak.ledger import Ledger, Model, Name, read_lines
from benchmarks.soak.pool import Pool

NAME: Name = ("bucket", "name")
OLD, NEW = Content.of(1, 10), Content.of(2, 20)


def model_of(path: Path) -> Model:
    model = Model()
    model.read(read_lines(path))
    return model


@given(st.lists(st.tuples(st.integers(), st.integers(0, 10_000)), max_size=4))
def test_content_is_told_by_numbers(pieces: list[tuple[int, int]]) -> None:
    content = Content(tuple(pieces))
    again = Content.read(json.loads(json.dumps(content.document())))
    assert again == content
    assert len(content.data()) == content.size
    assert again.data() == content.data()
    assert (content + NEW).data() == content.data() + NEW.data()


def test_what_was_acknowledged_has_to_be_there(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.done(ledger.put(NAME, OLD))
    ledger.close()
    found = model_of(tmp_path / "ledger").objects[NAME]
    assert (found.live, found.certain) == ({OLD}, OLD)
    assert (dict(found.must), dict(found.may)) == ({OLD: 1}, {})


def test_what_was_begun_may_be_there(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.put(NAME, OLD, may_repeat=True)
    ledger.close()
    found = model_of(tmp_path / "ledger").objects[NAME]
    assert (found.live, found.certain) == ({None, OLD}, None)
    assert (dict(found.must), dict(found.may), found.repeats) == ({}, {OLD: 1}, {OLD})


def test_what_is_overwritten_is_there_or_what_replaces_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.done(ledger.put(NAME, OLD))
    number = ledger.put(NAME, NEW)
    assert model_of(tmp_path / "ledger").objects[NAME].live == {OLD, NEW, None}
    ledger.kept(number)
    assert model_of(tmp_path / "ledger").objects[NAME].live == {OLD, NEW}
    ledger.done(number)
    assert model_of(tmp_path / "ledger").objects[NAME].live == {NEW}
    ledger.delete(NAME)
    assert model_of(tmp_path / "ledger").objects[NAME].live == {NEW, None}
    ledger.close()


def test_who_is_killed_in_a_line_loses_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    first = Ledger(path)
    first.done(first.put(NAME, OLD))
    first.close()
    path.write_bytes(path.read_bytes() + b'{"n": 2, "del')
    second = Ledger(path)
    assert second.new_number() == 2
    number = second.delete(NAME)
    second.done(number)
    second.close()
    assert model_of(path).objects[NAME].live == {None}


def test_an_object_is_in_one_pair_of_hands() -> None:
    pool = Pool(1)
    for number in range(5):
        pool.add(("bucket", f"{number}"), OLD)
    with pool.taken(3) as held:
        assert (len(held.objects), len(pool)) == (3, 2)
        gone = next(iter(held.objects))
        held.retire(gone)
        with pool.taken(9) as others:
            assert len(others.objects) == 2
            assert not others.objects.keys() & held.objects.keys()
    assert len(pool) == 4
    with pool.taken(9, "another bucket") as none:
        assert none.objects == {}
    assert len(pool) == 4


def test_memory_that_grows_has_a_slope() -> None:
    assert slope([(second, 1000) for second in range(100)]) == 0
    assert slope([(second, 50 * second) for second in range(100)]) == pytest.approx(3000)
    assert slope([(0, 1)]) == 0
