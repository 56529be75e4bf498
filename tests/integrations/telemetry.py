"""A client that is observed by OpenTelemetry's SDK, and what it told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from storage_stream import RetryPolicy, Storage
from storage_stream.integrations.opentelemetry import OpenTelemetry


class Telemetry:
    """All that was told, in memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metrics = InMemoryMetricReader()
        self.meters = MeterProvider([self._metrics], shutdown_on_exit=False)

    def observer(self, **arguments: Any) -> OpenTelemetry:
        return OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters, **arguments)

    @asynccontextmanager
    async def client(self, **arguments: Any) -> AsyncIterator[Storage]:
        chosen = {"retry": RetryPolicy(initial_delay=0), "observer": self.observer(), **arguments}
        async with Storage(**chosen) as storage:
            yield storage

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    def span(self, operation: str) -> ReadableSpan:
        found = [span for span in self.spans if span.name == f"storage_stream.{operation}"]
        assert len(found) == 1, [span.name for span in self.spans]
        return found[0]

    def metric(self, name: str, **attributes: Any) -> list[Any]:
        """The points of a metric that have these attributes, `__` standing for a dot."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}.items()
        data = self._metrics.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
            if wanted <= dict(point.attributes or {}).items()
        ]

    def everything(self) -> str:
        """All that was told, as text."""
        told = [span.to_json() for span in self.spans]
        return "\n".join(told) + str(self._metrics.get_metrics_data())


def events(span: ReadableSpan, name: str) -> list[dict[str, Any]]:
    """The attributes of a span's events of that name."""
    wanted = f"storage_stream.{name}"
    return [dict(event.attributes or {}) for event in span.events if event.name == wanted]
