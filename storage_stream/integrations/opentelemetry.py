"""OpenTelemetry: a span for each call of a client, its attempts as events, and metrics.

Names are those of the semantic conventions where they have one (HTTP client, network, server,
error); what they do not name is called `storage_stream.…`. Where traces and metrics go is the
application's: only OpenTelemetry's API is used, which does nothing until an SDK is set up.
https://opentelemetry.io/docs/specs/semconv/http/
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from storage_stream.errors import TransferStalled
from storage_stream.media.errors import ExtraMissing

try:
    from opentelemetry import context as otel_context
    from opentelemetry import metrics, trace
    from opentelemetry.propagators.textmap import Setter
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError as missing:
    raise ExtraMissing("this needs OpenTelemetry: install storage-stream[otel]") from missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["OpenTelemetry"]

_SCOPE: Final = "storage_stream"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.37.0"
_FIRST_REFUSAL: Final = 400
_PORTS: Final = {"http": 80, "https": 443}
_TOLD_AT_ONCE: Final = 1024 * 1024  # bytes; a counter for each piece would cost more than the piece
# Seconds; what the conventions advise for HTTP, and on to the hours that a large object takes.
_HTTP_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_CALL_SECONDS: Final = (*_HTTP_SECONDS, 30, 60, 300, 1800, 7200)

_Attributes = dict[str, str | int | float]


class _LowerCase(Setter[dict[str, str]]):
    """Header lines as a request has them."""

    def set(self, carrier: dict[str, str], key: str, value: str) -> None:
        carrier[key.lower()] = value


_SETTER: Final = _LowerCase()


class OpenTelemetry:
    """Tells OpenTelemetry what a client does.

        from storage_stream.integrations.opentelemetry import OpenTelemetry

        async with Storage(observer=OpenTelemetry()) as storage: ...

    Each call of the client is a span of kind CLIENT below the span that is current where it is
    made; each of its requests an event. Requests carry a `traceparent` header. One may serve
    several clients. No token, key, header, body, query or message of an error is told.

    Args:
        tracer_provider: Where spans go; None for the global one.
        meter_provider: Where metrics go; None for the global one.
        propagator: Writes the context into a request's headers; None for W3C Trace Context alone.
            The global one may carry baggage, which is the application's and not the service's.
        names: Whether spans hold the names of buckets and objects.
        clock: Seconds that only grow.

    Raises:
        ExtraMissing: On import: OpenTelemetry's API is not installed.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        propagator: TextMapPropagator | None = None,
        names: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._tracer = trace.get_tracer(_SCOPE, None, tracer_provider, _SCHEMA)
        self._instruments = _Instruments(meter_provider)
        self._propagator = propagator or TraceContextTextMapPropagator()
        self._names = names
        self._clock = clock
        self._is_global = not (tracer_provider or meter_provider or propagator) and (
            clock is time.perf_counter
        )

    def __reduce__(self) -> tuple[Callable[[bool], OpenTelemetry], tuple[bool]]:
        """As it is said: in another process it tells that one's global providers."""
        if not self._is_global:
            raise TypeError("an observer with a provider of its own cannot go to another process")
        return _of_globals, (self._names,)

    def begin(self, operation: str, bucket: str | None, name: str | None) -> _Call:
        """See `Observer.begin`."""
        attributes: _Attributes = {"storage_stream.operation": operation}
        if self._names and bucket is not None:
            attributes["storage_stream.bucket"] = bucket
        if self._names and name is not None:
            attributes["storage_stream.object"] = name
        span = self._tracer.start_span(
            f"storage_stream.{operation}", kind=trace.SpanKind.CLIENT, attributes=attributes
        )
        headers: dict[str, str] = {}
        self._propagator.inject(headers, trace.set_span_in_context(span), _SETTER)
        return _Call(
            *(span, operation, tuple(headers.items()), self._instruments, self._clock),
            tells_addresses=self._names,  # an object's name stands in its address
        )


def _of_globals(names: bool) -> OpenTelemetry:  # noqa: FBT001 - a pickle's arguments have no names
    return OpenTelemetry(names=names)


class _Instruments:
    """The metrics."""

    def __init__(self, provider: MeterProvider | None) -> None:
        meter = metrics.get_meter(_SCOPE, "", provider, _SCHEMA)
        self.request_seconds = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "From the sending of a request to the head of its answer.",
            explicit_bucket_boundaries_advisory=_HTTP_SECONDS,
        )
        self.active_requests = meter.create_up_down_counter(
            "http.client.active_requests", "{request}", "Requests whose answer is not read yet."
        )
        self.call_seconds = meter.create_histogram(
            "storage_stream.operation.duration",
            "s",
            "From the first request of a call to its end.",
            explicit_bucket_boundaries_advisory=_CALL_SECONDS,
        )
        self.active_calls = meter.create_up_down_counter(
            "storage_stream.operation.active", "{operation}", "Calls that have not ended."
        )
        self.moved = meter.create_counter(
            "storage_stream.io", "By", "Bytes of bodies of requests and answers."
        )
        self.retries = meter.create_counter(
            "storage_stream.retries", "{retry}", "Requests that are made again."
        )
        self.resumes = meter.create_counter(
            "storage_stream.resumes", "{resume}", "Transfers that broke and went on."
        )
        self.stalls = meter.create_counter(
            "storage_stream.stalls", "{stall}", "Bodies that came too slowly."
        )


class _Call:
    """One span: an `Observation`."""

    def __init__(
        self,
        span: Span,
        operation: str,
        headers: tuple[tuple[str, str], ...],
        instruments: _Instruments,
        clock: Callable[[], float],
        *,
        tells_addresses: bool,
    ) -> None:
        self.span = span
        self.headers = headers
        self.instruments = instruments
        self.clock = clock
        self.about: _Attributes = {"storage_stream.operation": operation}
        self._attempts = 0
        self.tells_addresses = tells_addresses
        self._begun = clock()
        instruments.active_calls.add(1, self.about)

    def current(self) -> AbstractContextManager[object]:
        """See `Observation.current`."""
        return trace.use_span(self.span, record_exception=False, set_status_on_exception=False)

    def attempt(self, method: str, url: str) -> _Attempt:
        """See `Observation.attempt`."""
        about = _about_request(method, url)
        if self._attempts == 0:
            self.span.set_attributes(about)
        self._attempts += 1
        return _Attempt(self, about, url, self._attempts - 1)

    def waits(self, seconds: float, why: BaseException) -> None:
        """See `Observation.waits`."""
        about: _Attributes = {"error.type": _kind(why)}
        self.span.add_event("storage_stream.retry", {**about, "storage_stream.wait": seconds})
        self.instruments.retries.add(1, {**self.about, **about})

    def resumed(self) -> None:
        """See `Observation.resumed`."""
        self.span.add_event("storage_stream.resume")
        self.instruments.resumes.add(1, self.about)

    def stalled(self) -> None:
        """A body came too slowly."""
        self.instruments.stalls.add(1, self.about)

    def ended(self, error: BaseException | None) -> None:
        """See `Observation.ended`."""
        about = dict(self.about)
        if error is not None:
            about["error.type"] = _kind(error)
            self.span.set_attribute("error.type", _kind(error))
            self.span.set_status(trace.StatusCode.ERROR)
        self.instruments.active_calls.add(-1, self.about)
        # In the span's context, so that an exemplar leads from the figure to it.
        token = otel_context.attach(trace.set_span_in_context(self.span))
        self.instruments.call_seconds.record(self.clock() - self._begun, about)
        otel_context.detach(token)
        self.span.end()


class _Attempt:
    """One request: an `Attempt`."""

    def __init__(self, call: _Call, about: _Attributes, url: str, number: int) -> None:
        self.headers = call.headers
        self._call = call
        self._about = about
        self._facts: _Attributes = {**about, "url.full": url} if call.tells_addresses else {**about}
        if number:
            self._facts["http.request.resend_count"] = number
        self._pending = {"transmit": 0, "receive": 0}
        self._begun = call.clock()
        self._has_answer = False
        call.instruments.active_requests.add(1, about)

    def sent(self, count: int) -> None:
        """See `Attempt.sent`."""
        self._move("transmit", count)

    def received(self, count: int) -> None:
        """See `Attempt.received`."""
        self._move("receive", count)

    def answered(self, status: int) -> None:
        """See `Attempt.answered`."""
        self._has_answer = True
        outcome: _Attributes = {"http.response.status_code": status}
        self._call.span.set_attribute("http.response.status_code", status)
        if status >= _FIRST_REFUSAL:
            outcome["error.type"] = str(status)
        self._tell(outcome)

    def ended(self, error: BaseException | None) -> None:
        """See `Attempt.ended`."""
        if error is not None and not self._has_answer:
            self._tell({"error.type": _kind(error)})
        elif error is not None:
            self._call.span.add_event("storage_stream.body_broken", {"error.type": _kind(error)})
        if isinstance(error, TransferStalled):
            self._call.stalled()
        for direction in self._pending:
            self._flush(direction)
        self._call.instruments.active_requests.add(-1, self._about)

    def _tell(self, outcome: _Attributes) -> None:
        """The one event of the request, and its time."""
        seconds = self._call.clock() - self._begun
        facts = {**self._facts, **outcome, "storage_stream.attempt.duration": seconds}
        self._call.span.add_event("storage_stream.attempt", facts)
        self._call.instruments.request_seconds.record(seconds, {**self._about, **outcome})

    def _move(self, direction: str, count: int) -> None:
        self._pending[direction] += count
        if self._pending[direction] >= _TOLD_AT_ONCE:
            self._flush(direction)

    def _flush(self, direction: str) -> None:
        count, self._pending[direction] = self._pending[direction], 0
        if count:
            about = {"network.io.direction": direction, **self._call.about}
            self._call.instruments.moved.add(count, about)


def _about_request(method: str, url: str) -> _Attributes:
    parts = urlsplit(url)
    return {
        "http.request.method": method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or _PORTS.get(parts.scheme, 0),
        "url.scheme": parts.scheme,
    }


def _kind(error: BaseException) -> str:
    """The class of an error, as the conventions want it: its full name, nothing of its text."""
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
