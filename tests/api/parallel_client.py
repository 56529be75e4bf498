"""A client process that uploads a file in parts, and prints by how much its memory grew at most.

python parallel_client.py URL METHOD SOURCE PART_BYTES WORKERS [JOURNAL]
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from storage_stream import Storage

_SMALL = 11 * 1024 * 1024  # so much goes out first: modules and threads are there afterwards


def _status(key: str) -> int:
    """Bytes of this process, from the kernel's own count: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)


def _begin_the_mark_anew() -> int:
    """Let VmHWM count from now on; gives what there is."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


async def _main(url: str, method: Any, source: Path, how: dict[str, Any]) -> None:
    async with Storage(api_root=url, anonymous=True) as storage:
        if "journal" in how:  # no part is sent twice where a disk is slow
            how["timeout"] = None
            await storage.upload_parallel("bucket", "large", source, method=method, **how)
            return
        small = {**how, "part_bytes": 5 * 1024 * 1024}
        await storage.upload_parallel("bucket", "small", bytes(_SMALL), method=method, **small)
        before = _begin_the_mark_anew()
        made = await storage.upload_parallel("bucket", "large", source, method=method, **how)
        growth = _status("VmHWM") - before
    sys.stdout.write(json.dumps({"size": made["size"], "growth": growth}))


if __name__ == "__main__":
    _arguments: dict[str, Any] = {"part_bytes": int(sys.argv[4]), "workers": int(sys.argv[5])}
    if len(sys.argv) > 6:
        _arguments["journal"] = sys.argv[6]
    asyncio.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), _arguments))
