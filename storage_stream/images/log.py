"""The log of the service; `ImageService(logger=…)` takes another one for what it says itself."""

import logging

__all__ = ["LOGGER"]

LOGGER = logging.getLogger("storage_stream.images")
