"""Trace a download that breaks: its span, the attempts in it, and the metrics."""

import asyncio
from contextlib import AsyncExitStack

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from storage_stream import RetryPolicy, Storage
from storage_stream.emulator import Emulator
from storage_stream.integrations.opentelemetry import OpenTelemetry

GET = "storage.objects.get"


def show(span: ReadableSpan) -> None:
    """Print a span and what happened in it."""
    attributes = span.attributes or {}
    print(f"{span.name} of {attributes.get('storage_stream.object')}")
    for event in span.events:
        facts = event.attributes or {}
        outcome = facts.get("http.response.status_code") or facts.get("error.type") or ""
        print(f"  {event.name.removeprefix('storage_stream.')} {outcome}".rstrip())


def total(metrics: InMemoryMetricReader, name: str) -> float:
    """The sum of a counter."""
    data = metrics.get_metrics_data()
    return sum(
        getattr(point, "value", 0)
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    )


async def main() -> None:
    """Make an object, break its download in the middle, show what was told."""
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([metrics])
    observer = OpenTelemetry(tracer_provider=tracers, meter_provider=meters)
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator())
        storage = await stack.enter_async_context(
            Storage(
                api_root=emulator.url,
                api_is_dev=True,
                observer=observer,
                retry=RetryPolicy(initial_delay=0),
            )
        )
        await storage.create_bucket("bucket", "project")
        await storage.upload("bucket", "large.bin", bytes(1_000_000))
        emulator.arm_next(GET, "return-503", "drop-at-500000")
        async with storage.download_stream("bucket", "large.bin") as stream:
            print(f"{len(await stream.read()):,} bytes, {stream.resumes} resume")
    for span in spans.get_finished_spans():
        show(span)
    print(f"retries: {total(metrics, 'storage_stream.retries')}")


if __name__ == "__main__":
    asyncio.run(main())
