"""The pure parts of the benchmarks: medians, ratios, goals, tables, links, names."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.clients.registry import BARE, CLIENTS, OURS, PEERS
from benchmarks.goals import GOALS, Goal, verdicts
from benchmarks.job import Job
from benchmarks.measuring import Measured, Plan
from benchmarks.plot import draw
from benchmarks.received import Checked, Counted, ReceivedFile
from benchmarks.report import goals_table, rows_table, to_json
from benchmarks.running import Sample
from benchmarks.summary import row_of, summarized
from benchmarks.workloads import GIB, MIB, WORKLOADS, quick

STREAM = WORKLOADS["stream-1m"]
SMALL = WORKLOADS["small-down"]


def sample(seconds: float, cpu: float = 0.5, peak: int = 40, growth: int = 1) -> Sample:
    return Sample(seconds, cpu, peak * MIB, growth * MIB)


def measured(rates: dict[tuple[str, str], float]) -> Measured:
    """One sample for each client and loop, of so many MiB/s; CPU is half of the time."""
    seconds = {run: GIB / MIB / rate for run, rate in rates.items()}
    return Measured(STREAM, {run: [sample(time, time / 2)] for run, time in seconds.items()})


def test_a_row_is_the_medians_of_its_samples() -> None:
    row = row_of(STREAM, OURS, "uvloop", [sample(1, 0.3), sample(9, 0.9), sample(2, 0.4)])
    assert (row.client, row.loop, row.rounds) == (OURS, "uvloop", 3)
    assert (row.rate, row.cost) == (512, 0.4)
    assert (row.peak_rss_mib, row.rss_growth_mib) == (40, 1)


def test_small_objects_are_counted_in_requests() -> None:
    row = row_of(SMALL, OURS, "asyncio", [sample(0.1, 0.08)])
    assert row.rate == pytest.approx(40_000)
    assert row.cost == pytest.approx(20)  # microseconds


def test_ratios_take_the_better_loop_on_each_side() -> None:
    rates = {
        (OURS, "asyncio"): 600.0,
        (OURS, "uvloop"): 900.0,
        ("obstore", "asyncio"): 450.0,
        ("gcsfs", "asyncio"): 100.0,
        (BARE, "asyncio"): 500.0,
        (BARE, "uvloop"): 1800.0,
    }
    summary = summarized(measured(rates))
    assert summary.rate_ratio(OURS, PEERS) == 2
    assert summary.rate_ratio(OURS, [BARE]) == 0.5
    assert summary.cost_ratio(OURS, [BARE]) == 2


def test_what_was_not_measured_has_no_ratio() -> None:
    summary = summarized(measured({(OURS, "asyncio"): 600.0}))
    assert summary.rate_ratio(OURS, PEERS) is None
    assert summary.largest(BARE) is None
    assert [verdict.reached for verdict in verdicts(summary)] == [None, None, True]


@pytest.mark.parametrize(
    ("goal", "value", "reached"),
    [
        (Goal("rate", lambda _: None, at_least=1.35), 1.35, True),
        (Goal("rate", lambda _: None, at_least=1.35), 1.34, False),
        (Goal("cost", lambda _: None, at_most=1.25), 1.25, True),
        (Goal("cost", lambda _: None, at_most=1.25), 1.26, False),
    ],
)
def test_a_goal_includes_its_bound(goal: Goal, value: float, *, reached: bool) -> None:
    assert goal.reached_by(value) is reached


def test_every_goal_is_of_a_workload() -> None:
    assert set(GOALS) <= set(WORKLOADS)
    assert all(goal.bound for goals in GOALS.values() for goal in goals)


def test_the_goals_say_what_is_missed() -> None:
    rates = {(OURS, "asyncio"): 500.0, ("obstore", "asyncio"): 1000.0, (BARE, "asyncio"): 1000.0}
    table = goals_table(verdicts(summarized(measured(rates)))).splitlines()
    assert [line.split()[-1] for line in table] == ["reached", "NO", "NO", "yes"]
    assert "≤ 1.25" in table[1]
    assert "2.00" in table[1]


def test_the_table_begins_with_the_fastest() -> None:
    rates = {(OURS, "asyncio"): 500.0, ("obstore", "uvloop"): 1000.0, (BARE, "asyncio"): 2000.0}
    title, heads, *lines = rows_table(summarized(measured(rates))).splitlines()
    assert title == "stream-1m: 1 GiB streamed, read(1 MiB)"
    assert heads.split()[:2] == ["client", "loop"]
    assert [line.split("  ")[0] for line in lines] == [BARE, "obstore", OURS]
    assert lines[2].split()[-4:] == ["0.50", "0.25", "2.00", "4.00"]


def test_the_json_holds_samples_ratios_goals_and_failures(tmp_path: Path) -> None:
    result = measured({(OURS, "asyncio"): 500.0, (BARE, "asyncio"): 1000.0})
    result.failures["gcsfs", "asyncio"] = "ended with status 1"
    facts = {"processor": "one", "cores": 2, "python": "3"}
    found = json.loads(json.dumps(to_json([result], facts)))
    [workload] = found["workloads"]
    assert workload["name"] == "stream-1m"
    assert workload["rows"][0]["samples"][0]["seconds"] == pytest.approx(2.048)
    assert workload["ratios"]["rate_in_bare"] == 0.5
    assert workload["goals"][0]["reached"] is False
    assert workload["failures"] == [
        {"client": "gcsfs", "loop": "asyncio", "reason": "ended with status 1"}
    ]
    for name in ("one.svg", "again.svg"):
        draw(found, tmp_path / name)
    assert OURS in (tmp_path / "one.svg").read_text()
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()


def test_a_plan_runs_each_client_on_the_loops_it_makes_use_of() -> None:
    plan = Plan([STREAM], list(CLIENTS), ["asyncio", "uvloop"], rounds=1)
    runs = list(plan.runs(STREAM))
    assert (OURS, "uvloop") in runs
    assert [loop for client, loop in runs if client == "google-cloud-storage"] == ["asyncio"]
    only_uvloop = Plan([STREAM], ["google-cloud-storage"], ["uvloop"], rounds=1)
    assert list(only_uvloop.runs(STREAM)) == [("google-cloud-storage", "asyncio")]
    assert "aiohttp" not in {client for client, _ in plan.runs(WORKLOADS["long-file"])}


def test_every_client_can_do_what_it_is_asked_for() -> None:
    for workload in WORKLOADS.values():
        for name in workload.clients():
            assert callable(CLIENTS[name].work(workload.kind)), (name, workload.kind)


def test_a_quick_workload_is_small_and_says_so() -> None:
    assert quick(STREAM).total_bytes <= 16 * MIB
    assert quick(STREAM).title == "16 MiB streamed, read(1 MiB)"
    assert quick(SMALL).title == "256 objects of 16 KiB down, 64 at once"
    assert WORKLOADS["files-8-tls"].title == "8 objects of 128 MiB to a file each, TLS"


def test_a_job_reaches_the_other_process_as_it_is() -> None:
    job = Job("stream", "http://127.0.0.1:1", "ca.pem", 16, 2, 1, 8, 1, "16", "folder", "tag")
    assert Job.of_json(job.to_json()) == job
    assert list(job.names) == ["16-000000", "16-000001"]
    assert job.targets[1] == ("16-000001", str(Path("folder") / "16-000001"))
    assert list(replace(job, count=1).new_names) == ["new-tag-16-000000"]


def test_what_is_received_is_counted_or_checked() -> None:
    counted, checked = Counted(), Checked()
    for received in (counted, checked):
        file = ReceivedFile(received)
        assert file.write(b"12345") == 5
        received.piece(bytearray(b"6789"))
    assert counted.total_bytes == checked.total_bytes == 9
    assert checked.checksums == {"4waSgw=="}  # the check value of CRC-32C: e3069283
    wholes = Checked()
    wholes.whole(b"123456789")
    wholes.whole(memoryview(b"123456789"))
    assert wholes.checksums == {"4waSgw=="}
