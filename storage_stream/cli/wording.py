"""The library's words in those of the command line: flags for arguments, no Python. Pure.

The library speaks to who calls it from Python, and quotes what the system and other libraries say.
"""

import os
import re

__all__ = ["plain_words"]


def _unreachable(found: re.Match[str]) -> str:
    """`[Errno 111] Connect call failed ('127.0.0.1', 9)`, as asyncio has it."""
    host, port = found["host"], found["port"]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{place} cannot be reached: {os.strerror(int(found['number']))}"


_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        # The type of what somebody else raised says nothing to who does not write Python.
        (r"(could be had|cannot be used): \w+(?:Error|Exception|Timeout): ", r"\1: "),
        (r"Cannot connect to host (\S+) ssl:\S+ \[([^\]]*)\]", r"\1 cannot be reached: \2"),
        (r" cannot be reached: Connect call failed \([^)]*\)", " cannot be reached"),
        (r"\[Errno -?\d+\] ", ""),
        (r"Name a key with service_file=,", "Name a key file with --credentials,"),
        (r"\bservice_file=(?='|\S)", "the key file "),
        (r"pass anonymous=True for", "add --anonymous for"),
        (r"set STORAGE_EMULATOR_HOST for an emulator", "name an emulator with --emulator-host"),
        # What follows can be done in Python only.
        (r"google-auth does: install .*$", "make other credentials with `gcloud auth`"),
        (r"\bdelete=True", "--delete"),
        (r"allow_empty_source=True \(--allow-empty-source\)", "--allow-empty-source"),
        (r": (?:pass|use) raw=True$", ": add --raw"),
    )
)
_REFUSED = re.compile(
    r"\[Errno (?P<number>\d+)\] Connect call failed \('(?P<host>[^']+)', (?P<port>\d+)[^)]*\)"
)


def plain_words(text: str) -> str:
    """A message of the library, as the command line says it."""
    text = _REFUSED.sub(_unreachable, text)
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
