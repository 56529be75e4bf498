"""The one module that touches pyvips, which ships no types: everything else speaks through it.

pyvips' own `on_read` cannot say that reading failed, and it forgets a handler as soon as the
Python object is collected, although libvips may still call it (from its operation cache, from a
thread), which aborts the process. So the handlers are connected here, and each is kept until
libvips itself lets go of it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Any

from storage_stream.errors import UsageError
from storage_stream.media.extras import imported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Handlers",
    "can_save",
    "forget_errors",
    "is_loaded",
    "is_untrusted",
    "loader_of",
    "pyvips",
    "source_of",
    "target_of",
]

Handlers = dict[str, "Callable[..., int]"]
"""By libvips' signal: read(buffer), write(buffer), seek(offset, whence); -1 is a failure."""

_UNTRUSTED = 1 << 4  # VIPS_OPERATION_UNTRUSTED, of VipsOperationFlags

_users: dict[Any, int] = {}
"""The process that uses the library: its threads do not live on in a fork."""

_kept: dict[int, Any] = {}
"""What libvips may still call, by the address it has of it."""


def pyvips() -> Any:
    """The library.

    Raises:
        ExtraMissing: It is not installed.
        UsageError: The process was forked after it had been used: its threads are gone, and it
            would wait for them for ever.
    """
    library = imported("pyvips", "vips")
    if _users.setdefault(library, os.getpid()) != os.getpid():
        raise UsageError(
            "libvips was used before this process was forked from another: start processes by"
            " spawn or forkserver, or before the first picture"
        )
    return library


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


def loader_of(source: Any) -> str | None:
    """What libvips would load that with, as its class is named; None for nothing. Reads some."""
    library = pyvips()
    found = library.vips_lib.vips_foreign_find_load_source(source.pointer)
    forget_errors()
    return None if found == library.ffi.NULL else library.ffi.string(found).decode()


def is_untrusted(loader: str) -> bool:
    """Whether that is for files of friends: libvips' own word, and what takes text for a picture.

    ImageMagick, PDF and SVG among others, as far as libvips was built with them:
    https://www.libvips.org/API/current/func.block_untrusted_set.html
    """
    flags: int = pyvips().Introspect.get(loader).flags
    return bool(flags & _UNTRUSTED) or loader.startswith("VipsForeignLoadMatrix")


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
