"""The one module that touches pyvips, which ships no types: everything else speaks through it.

pyvips' own `on_read` cannot say that reading failed, and it forgets a handler as soon as the
Python object is collected, although libvips may still call it (from its operation cache, from a
thread), which aborts the process. So the handlers are connected here, and each is kept until
libvips itself lets go of it.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any

from storage_stream.media.extras import imported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Handlers",
    "can_load",
    "can_save",
    "forget_errors",
    "is_loaded",
    "pyvips",
    "source_of",
    "target_of",
]

Handlers = dict[str, "Callable[..., int]"]
"""By libvips' signal: read(buffer), write(buffer), seek(offset, whence); -1 is a failure."""

_kept: dict[int, Any] = {}
"""What libvips may still call, by the address it has of it."""


def pyvips() -> Any:
    """The library.

    Raises:
        ExtraMissing: It is not installed.
    """
    return imported("pyvips", "vips")


def is_loaded() -> bool:
    """Whether the library was used before; loading it takes a tenth of a second."""
    return "pyvips" in sys.modules


def source_of(handlers: Handlers) -> Any:
    """A `pyvips.Source` that is read by these handlers."""
    source = pyvips().SourceCustom()
    _connect(source, handlers)
    return source


def target_of(handlers: Handlers) -> Any:
    """A `pyvips.Target` that is written by these handlers."""
    target = pyvips().TargetCustom()
    _connect(target, handlers)
    return target


def can_load(source: Any) -> bool:
    """Whether libvips knows what begins there; reads some of it."""
    library = pyvips()
    found: bool = library.vips_lib.vips_foreign_find_load_source(source.pointer) != library.ffi.NULL
    forget_errors()
    return found


def can_save(suffix: str) -> bool:
    """Whether libvips writes files of that suffix to a stream (`.jpg`, also `.jpg[Q=90]`)."""
    library = pyvips()
    saver = library.vips_lib.vips_foreign_find_save_target(suffix.encode())
    forget_errors()
    return bool(saver != library.ffi.NULL)


def forget_errors() -> None:
    """Empty the process-wide text of errors, so that the next one speaks of itself only."""
    pyvips().vips_lib.vips_error_clear()


def _forget(data: int, _: int) -> None:
    """Libvips does not call this handler any more; told from any of its threads."""
    _kept.pop(data, None)


_let_go = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(_forget)


def _connect(connection: Any, handlers: Handlers) -> None:
    library = pyvips()
    ffi, glib = library.ffi, library.gobject_lib
    notify = ffi.cast("GClosureNotify", ctypes.cast(_let_go, ctypes.c_void_p).value)
    marshalers: dict[str, Any] = library.gobject._marshalers  # noqa: SLF001 - pyvips has no other
    for name, handler in handlers.items():
        handle = ffi.new_handle(handler)
        _kept[int(ffi.cast("intptr_t", handle))] = handle
        pointer = ffi.cast("GObject *", connection.pointer)
        glib.g_signal_connect_data(pointer, name.encode(), marshalers[name], handle, notify, 0)
