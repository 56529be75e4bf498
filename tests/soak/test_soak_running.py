"""A short soak, which ends well; and then one of everything that it has to notice."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from benchmarks.soak.chaos import Plan
from benchmarks.soak.judge import judge
from benchmarks.soak.leaks import holdings
from benchmarks.soak.ledger import Model, Name, read_lines
from benchmarks.soak.place import PLAIN, VERSIONED, Place
from benchmarks.soak.running import Outcome, soak

SECONDS = 3.0
OFTEN = Plan(fault=0.1, client_kill=1.5, server_kill=1.7)


def path_of(name: Name) -> str:
    return f"/storage/v1/b/{name[0]}/o/{quote(name[1], safe='')}"


def some(model: Model, bucket: str) -> Name:
    """An object with bytes that is there for certain; it is not chosen again."""
    for name, found in model.objects.items():
        if name[0] == bucket and found.certain is not None and found.certain.size:
            del model.objects[name]
            return name
    raise AssertionError(f"nothing was made in {bucket}")


class Spoiler:
    """Finds all in order, and then puts it out of order in known ways."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lost: Name = ("", "")
        self.changed: Name = ("", "")
        self.doubled: Name = ("", "")

    def model(self) -> Model:
        """What the ledgers say by now."""
        model = Model()
        for ledger in sorted(self._folder.glob("client*/ledger.jsonl")):
            model.read(read_lines(ledger))
        return model

    def is_enough(self, broken: Mapping[str, int]) -> bool:
        """There is something to put out of order, and all was broken once, however long it took."""
        if not (broken["client kills"] and broken["server kills"]):
            return False
        found = self.model().objects.items()
        certain = Counter(name[0] for name, what in found if what.certain and what.certain.size)
        return certain[PLAIN] > 10 and certain[VERSIONED] > 5

    def __call__(self, place: Place) -> None:
        model = self.model()
        verdict = judge(place, model)
        assert (verdict.lost, verdict.doubled, verdict.wrong) == ([], [], [])
        assert verdict.objects > 10
        self.lost, self.changed = some(model, PLAIN), some(model, PLAIN)
        self.doubled = some(model, VERSIONED)
        place.request("DELETE", path_of(self.lost))
        bucket, name = self.changed
        content = place.read(bucket, name, self._generation(place, self.changed))
        place.put(bucket, name, bytes([content[0] ^ 1]) + content[1:])  # one bit
        bucket, name = self.doubled
        place.put(bucket, name, place.read(bucket, name, self._generation(place, self.doubled)))
        place.put(PLAIN, "nobody's", b"")

    @staticmethod
    def _generation(place: Place, name: Name) -> str:
        found: dict[str, str] = json.loads(place.request("GET", path_of(name)))
        return found["generation"]


def test_a_short_one_is_in_order_and_what_is_not_is_found(tmp_path: Path) -> None:
    told: list[str] = []
    spoil = Spoiler(tmp_path)
    outcome = soak(
        *(tmp_path, SECONDS),
        seed=1,
        plan=OFTEN,
        tell=told.append,
        is_enough=spoil.is_enough,
        spoil=spoil,
    )
    assert outcome.chaos["client kills"] >= 1
    assert outcome.chaos["server kills"] >= 1
    assert (outcome.leaked, outcome.broken) == ([], [])
    assert outcome.figures == {
        "lost": 1, "doubled": 2, "wrong bytes": 1, "leaked": 0, "broken": 0
    }  # fmt: skip
    assert not outcome.is_good
    assert str(spoil.lost) in outcome.verdict.lost[0]
    assert str(spoil.changed) in outcome.verdict.wrong[0]
    assert {one.partition(":")[0] for one in outcome.verdict.doubled} == {
        str(spoil.doubled),
        str((PLAIN, "nobody's")),
    }
    assert "acknowledged" in told[0]
    assert json.loads(json.dumps(outcome.document()))["figures"]["lost"] == 1


async def test_what_is_not_let_go_of_is_told(tmp_path: Path) -> None:
    before = holdings(tmp_path)
    assert holdings(tmp_path).beyond(before) == []
    released = threading.Event()
    thread = threading.Thread(target=released.wait, name="forgotten")
    thread.start()
    task = asyncio.create_task(asyncio.sleep(3600))
    with (tmp_path / "left.part").open("w"):
        leaked = "\n".join(holdings(tmp_path).beyond(before))
    released.set()
    task.cancel()
    for what in ("threads", "1 tasks", "descriptors", "the file left.part"):
        assert what in leaked
    thread.join()


def test_any_finding_is_no_good_end() -> None:
    assert Outcome(1.0).is_good
    assert not Outcome(1.0, broken=["client 0 does not end"]).is_good
    assert not Outcome(1.0, leaked=["client 0: 2 threads, 1 before"]).is_good
