"""When to try again and how long to wait, by https://cloud.google.com/storage/docs/retry-strategy."""

from __future__ import annotations

import math
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.retry import (
    DEFAULT_RETRY,
    RetryBudget,
    RetryPolicy,
    is_transient,
    never_sent,
    retry_after_seconds,
)
from storage_stream.errors import (
    ConnectFailed,
    ConnectionLost,
    CredentialsError,
    IntegrityError,
    InvalidArgument,
    ObjectChanged,
    ProtocolError,
    RequestTimeout,
    StorageError,
    TokenTimeout,
    TransferStalled,
    TruncatedStream,
    UntrustedCertificate,
    response_error_class,
)

pytestmark = patience

policies = st.builds(
    RetryPolicy,
    retries=st.integers(0, 20),
    initial_delay=st.floats(0, 100),
    multiplier=st.floats(1, 1000),
    max_delay=st.floats(0, 1000),
    max_retry_after=st.floats(0, 1000),
)
jitters = st.floats(0, 1, exclude_max=True)


def refused(status: int) -> StorageError:
    return response_error_class(status)("refused", status=status)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_statuses_that_the_service_calls_transient(status: int) -> None:
    assert is_transient(refused(status))


@pytest.mark.parametrize("status", [304, 400, 401, 403, 404, 409, 410, 411, 412, 416, 501])
def test_statuses_that_do_not_pass(status: int) -> None:
    assert not is_transient(refused(status))


@pytest.mark.parametrize(
    "error_class",
    [ConnectFailed, ConnectionLost, RequestTimeout, TokenTimeout, TruncatedStream, TransferStalled],
)
def test_what_breaks_on_the_way_may_succeed_later(error_class: type[StorageError]) -> None:
    assert is_transient(error_class("broken"))


@pytest.mark.parametrize(
    "error",
    [
        ProtocolError("nonsense"),
        ObjectChanged("changed"),
        IntegrityError("wrong", expected="a", actual="b"),
        CredentialsError("none"),
        InvalidArgument("wrong"),
        UntrustedCertificate("unknown authority"),
    ],
)
def test_what_would_only_fail_again_is_not_repeated(error: StorageError) -> None:
    assert not is_transient(error)


def test_what_certainly_was_not_carried_out() -> None:
    assert never_sent(ConnectFailed("refused"))
    assert never_sent(TokenTimeout("slow"))
    assert never_sent(refused(429))
    assert not never_sent(ConnectionLost("reset"))
    assert not never_sent(RequestTimeout("silent"))
    assert not never_sent(refused(503))


# -- Retry-After: RFC 9110 §10.2.3 ------------------------------------------------------------

NOW = 941_932_657.0  # 120 seconds before the date of the RFC's example


def no_clock() -> float:
    raise AssertionError("the time of day is asked only for a date")


@pytest.mark.parametrize(("header", "seconds"), [("120", 120.0), ("0", 0.0), (None, None)])
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, no_clock) == seconds


@pytest.mark.parametrize(
    "header",
    [
        "Sat, 06 Nov 1999 23:59:37 GMT",
        "Sat, 06 Nov 1999 23:59:37 -0000",  # not told in which zone: UTC, and not this machine's
        "Sat, 06 Nov 1999 23:59:37",
        "Sun, 07 Nov 1999 00:59:37 +0100",
    ],
)
def test_retry_after_as_a_date(header: str) -> None:
    assert formatdate(NOW + 120, usegmt=True) == "Sat, 06 Nov 1999 23:59:37 GMT"
    assert retry_after_seconds(header, lambda: NOW) == 120.0


def test_a_date_that_is_over_asks_for_no_wait() -> None:
    assert retry_after_seconds("Fri, 31 Dec 1993 23:59:59 GMT", lambda: NOW) == 0.0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "soon",
        "-5",
        "1.5",
        "٣",
        "Sat, 06 Nov 99999999999 23:59:37 GMT",
        "Sat, 06 Nov 1999 23:59:37 +99999999999999999999",
        "Sat, 99 Nov 1999 23:59:37 GMT",
        "\0",
    ],
)
def test_an_unreadable_retry_after_is_none(header: str) -> None:
    assert retry_after_seconds(header, lambda: NOW) is None


@examples(300)
@given(st.text())
def test_no_text_in_the_header_raises(header: str) -> None:
    seconds = retry_after_seconds(header, lambda: NOW)
    assert seconds is None or seconds >= 0


# -- policies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"retries": -1},
        {"retries": 1.5},
        {"retries": True},
        {"retries": "3"},
        {"initial_delay": -0.1},
        {"initial_delay": math.nan},
        {"initial_delay": math.inf},
        {"max_delay": -1},
        {"max_delay": math.nan},
        {"max_delay": math.inf},
        {"max_retry_after": -1},
        {"max_retry_after": math.nan},
        {"multiplier": 0.5},
        {"multiplier": math.nan},
        {"multiplier": math.inf},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        RetryPolicy(**fields)


def test_the_services_example_of_backoff() -> None:
    # 1, 2, 4, 8, 16, 32 seconds, and no more than the maximum
    policy = RetryPolicy(retries=8, initial_delay=1, multiplier=2, max_delay=32)
    almost_one = math.nextafter(1, 0)
    longest = [policy.delay(repeat, almost_one) for repeat in range(1, 9)]
    assert longest == pytest.approx([1, 2, 4, 8, 16, 32, 32, 32])


@examples(300)
@given(policies, st.integers(1, 10**9), jitters)
def test_a_delay_lies_between_zero_and_its_limits(
    policy: RetryPolicy, repeat: int, jitter: float
) -> None:
    delay = policy.delay(repeat, jitter)
    assert 0 <= delay <= policy.max_delay
    if repeat == 1:
        assert delay <= policy.initial_delay
    assert policy.delay(repeat, 0.0) == 0
    assert delay <= policy.delay(repeat + 1, jitter)


@examples(300)
@given(policies, st.lists(st.tuples(jitters, st.none() | st.floats(0, 2000)), max_size=30))
def test_a_budget_ends_after_its_retries_and_obeys_the_service(
    policy: RetryPolicy, failures: list[tuple[float, float | None]]
) -> None:
    budget = RetryBudget(policy)
    for number, (jitter, asked) in enumerate(failures, 1):
        delay = budget.after(jitter, asked)
        if number > policy.retries or (asked or 0) > policy.max_retry_after:
            assert delay is None
        else:
            assert delay is not None
            assert (asked or 0) <= delay <= max(asked or 0, policy.max_delay)


@examples(100)
@given(st.lists(st.booleans(), max_size=50), st.integers(1, 4))
def test_progress_refills_a_budget(progressed: list[bool], retries: int) -> None:
    budget = RetryBudget(RetryPolicy(retries=retries))
    in_a_row = 0
    for forward in progressed:
        if forward:
            budget.progress()
            in_a_row = 0
        in_a_row += 1
        delay = budget.after(0.5)
        assert (delay is None) == (in_a_row > retries)
        if forward:
            assert delay == 0


def test_no_retries_means_none_also_after_progress() -> None:
    budget = RetryBudget(RetryPolicy(retries=0))
    budget.progress()
    assert budget.after(0.5) is None


def test_the_default() -> None:
    assert (
        RetryPolicy(
            retries=5, initial_delay=1.0, multiplier=2.0, max_delay=32.0, max_retry_after=120.0
        )
        == DEFAULT_RETRY
    )
    assert not DEFAULT_RETRY.always
