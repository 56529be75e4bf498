"""The gallery as a web page: pictures uploaded, looked at, converted and deleted by a person.

    from storage_stream.images.page import gallery_app

    app = gallery_app(images)  # for any ASGI server, or to be mounted in an app of yours

The page is plain HTML, CSS and ES modules from `assets/`, sent as they are; it asks the routes of
`storage_stream.images.routes` and nothing else. Needs the extras `images` and `fastapi`.
"""

from storage_stream.media.errors import ExtraMissing

try:
    import fastapi as _fastapi
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.images.page.app import gallery_app

__all__ = ["gallery_app"]

del _fastapi
