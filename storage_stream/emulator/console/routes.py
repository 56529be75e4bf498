"""The routes of the console, put together.

All of them are the emulator's own: not logged, not harmed, and let in without a token. Whoever
reaches the emulator could make a token anyway.
"""

from collections.abc import Mapping

from aiohttp import web

from storage_stream.emulator.console.events import EventStreams
from storage_stream.emulator.console.media import media_routes
from storage_stream.emulator.console.pages import page_routes
from storage_stream.emulator.faults.book import FaultBook
from storage_stream.emulator.faults.words import WORDS
from storage_stream.emulator.operations import control
from storage_stream.emulator.problems import ApiError, json_problems
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.store import Store

__all__ = ["console_routes"]


def console_routes(
    streams: EventStreams,
    faults: FaultBook,
    store: Store,
    settings: Settings,
    housekeeping: Mapping[str, str],
) -> list[web.RouteDef]:
    """Return every route below `/_console`, which cannot be a bucket's name.

    Args:
        streams: tells the page what changes.
        faults: tells what can be armed.
        store: has the objects.
        settings: what the emulator was told at its start.
        housekeeping: headers by which the page's requests stay out of the log and its faults.
    """

    async def about(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "housekeeping": dict(housekeeping),
                "operations": sorted(faults.operations),
                "words": [{"spelling": form.spelling, "meaning": form.meaning} for form in WORDS],
                "create_buckets": settings.create_buckets,
                "soft_delete_seconds": settings.soft_delete_seconds,
                "project": settings.project_number,
            },
            headers={"Cache-Control": "no-store"},
        )

    async def events(request: web.Request) -> web.StreamResponse:
        return await streams.serve(request)

    async def unknown(request: web.Request) -> web.StreamResponse:
        raise ApiError(404, "notFound", f"the console has no {request.path}")

    return [
        *page_routes(),
        *media_routes(store),
        web.get("/_console/about", control(about)),
        web.get("/_console/events", control(events), allow_head=False),
        # Else a path that is misspelt would be taken for an object of a bucket.
        web.route("*", "/_console/{rest:.*}", control(json_problems(unknown))),
    ]
