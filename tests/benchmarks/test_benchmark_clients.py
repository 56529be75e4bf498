"""What the clients stand on: bounded concurrency, the bare connection, TLS that is checked."""

import asyncio
import ssl
from pathlib import Path

import pytest

from benchmarks.__main__ import arguments, plan_of
from benchmarks.clients.at_once import at_once
from benchmarks.clients.bare import Connection, content_length
from benchmarks.servers.certificates import make_certificates
from benchmarks.workloads import QUICK, WORKLOADS


async def test_no_more_than_so_many_are_under_way() -> None:
    under_way, most, done = 0, 0, []

    async def work(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done.append(item)

    await at_once(3, range(10), work)
    assert (most, sorted(done)) == (3, list(range(10)))


async def test_the_first_error_ends_all() -> None:
    done = []

    async def work(item: int) -> None:
        await asyncio.sleep(0)
        if item == 2:
            raise ValueError(item)
        done.append(item)

    with pytest.raises(ExceptionGroup):
        await at_once(2, range(1000), work)
    assert len(done) < 10


@pytest.mark.parametrize("head", [b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\n", b"\r\n\r\n"])
def test_what_is_no_success_with_a_length_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match="not expected"):
        content_length(head)


@pytest.mark.parametrize("cuts", [(), (5,), (40, 41), (43, 46)])
@pytest.mark.parametrize("whole", [True, False])
async def test_an_answer_arrives_in_any_pieces(cuts: tuple[int, ...], *, whole: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789"
    taken: list[bytes] = []
    connection = Connection()
    for _ in range(2):  # and the next one on the same connection
        done = connection.begin(lambda piece: taken.append(bytes(piece)), whole=whole)
        for start, end in zip((0, *cuts), (*cuts, len(answer)), strict=True):
            connection.get_buffer(-1)[: end - start] = answer[start:end]
            connection.buffer_updated(end - start)
        assert done.done()
    assert b"".join(taken) == b"0123456789" * 2
    assert not whole or len(taken) == 2


async def test_a_connection_that_is_lost_fails_what_waits_for_it() -> None:
    connection = Connection()
    done = connection.begin(lambda _: None)
    connection.connection_lost(None)
    with pytest.raises(ConnectionError):
        await done


def test_only_the_authority_of_the_run_vouches_for_its_server(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    shake_hands(made.certificate, made.key, made.authority)
    (tmp_path / "other").mkdir()
    other = make_certificates(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made.certificate, made.key, other.authority)


def shake_hands(certificate: Path, key: Path, authority: Path) -> None:
    """A TLS handshake in memory."""
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(certificate, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = ssl.create_default_context(cafile=str(authority)).wrap_bio(
        to_client, to_server, server_hostname="127.0.0.1"
    )
    for end in (client, server, client, server):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_the_command_line_makes_the_plan() -> None:
    quick = plan_of(arguments(["--quick"]))
    assert [workload.name for workload in quick.workloads] == list(QUICK)
    assert (quick.rounds, list(quick.loops), quick.verify_apart) == (1, ["asyncio"], False)
    whole = plan_of(arguments([]))
    assert (len(whole.workloads), whole.rounds, whole.verify_apart) == (len(WORKLOADS), 5, True)
    assert arguments([]).json.name == "latest.json"
    assert arguments(["--workload", "file"]).json is None
    some = plan_of(arguments(["--workload", "file", "--client", "obstore", "--rounds", "2"]))
    assert ([w.name for w in some.workloads], list(some.clients)) == (["file"], ["obstore"])
    assert some.rounds == 2


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--client", "nobody"], ["--workload", ""]])
def test_a_command_line_that_cannot_be_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments(words)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err
