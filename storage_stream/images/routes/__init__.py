"""`ImageService` over HTTP: a FastAPI router, whose OpenAPI names every error by a code.

    from fastapi import FastAPI
    from storage_stream.images.routes import images_router

    app = FastAPI()
    app.include_router(images_router(images, authorize=may))

Needs the extras `images` and `fastapi`.
"""

from storage_stream.media.errors import ExtraMissing

try:
    import fastapi as _fastapi
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.images.routes.guarding import Authorize
from storage_stream.images.routes.problems import Problem, ProblemCode
from storage_stream.images.routes.router import images_router

__all__ = ["Authorize", "Problem", "ProblemCode", "images_router"]

del _fastapi
