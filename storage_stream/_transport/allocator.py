"""One large allocation, made and dropped, that lets the C library keep read buffers.

asyncio receives into a fresh buffer of 256 KiB each time. glibc takes blocks of that size from
the kernel and gives them back at once, so each of their pages faults anew: measured on a body of
1 GiB read in 64 KiB pieces, 1.2 s of processor time in place of 0.3. Its threshold for that is
adaptive: once a larger block was freed, blocks up to its size are kept and reused
(mallopt(3), M_MMAP_THRESHOLD). The block is never touched, so it costs no memory; the process may
then keep up to twice its size of freed memory. Other C libraries do not mind.
"""

from __future__ import annotations

__all__ = ["keep_read_buffers"]

_BLOCK_BYTES = 2 * 1024 * 1024


def keep_read_buffers() -> None:
    """Raise the allocator's adaptive threshold above the size of a read buffer."""
    bytes(_BLOCK_BYTES)
