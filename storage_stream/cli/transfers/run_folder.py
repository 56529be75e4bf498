"""What an interrupted command leaves so that `--resume` goes on: a folder of its own, by its words.

It holds a journal of what is done, and what was decided at the beginning: whether the target was
there then. The folder goes when all is done. It knows names and files, and transfers nothing.
"""

import contextlib
import errno
import hashlib
import json
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

__all__ = ["RunFolder", "resuming_command", "state_folder"]

_KEPT_SECONDS = 30 * 24 * 3600  # what nobody went on with; a resumable session lives a week
_DIGITS = 16
_LEAST_BYTES = 64 * 1024  # of a journal, an upload's state and notes


def state_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where such folders are.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    said = environment.get("XDG_STATE_HOME", "")
    base = Path(said) if Path(said).is_absolute() else home / ".local" / "state"
    return base / "storage-stream" / "runs"


def resuming_command(verb: str, arguments: Sequence[str]) -> str:
    """The command line that goes on, of the arguments of the one that ended."""
    at = arguments.index(verb) if verb in arguments else len(arguments)
    first, rest = arguments[:at], arguments[at + 1 :]
    said = rest if "--resume" in rest else ["--resume", *rest]
    return shlex.join(["storage-stream", *first, verb, *said])


class RunFolder:
    """The folder of one command.

    Args:
        parent: Where it is.
        words: What tells this command from others; the same words make the same folder.
    """

    def __init__(self, parent: Path, words: Mapping[str, Any]) -> None:
        text = json.dumps(words, sort_keys=True)
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        self._parent = parent
        self._words = words
        self.path = parent / digest[:_DIGITS]
        self.is_temporary = False

    def check(self) -> None:
        """See whether it can be made, and something written to it.

        Raises:
            OSError: It cannot.
        """
        self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self._parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self._parent))
        with tempfile.NamedTemporaryFile(dir=self._parent) as probe:
            try:
                os.write(probe.fileno(), bytes(_LEAST_BYTES))
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self._parent)) from error

    def elsewhere(self, parent: Path) -> "RunFolder":
        """The same in a folder that goes with it."""
        other = RunFolder(parent, self._words)
        other.is_temporary = True
        return other

    @property
    def journal(self) -> Path:
        """The journal of a run of many."""
        return self.path / "journal.db"

    @property
    def exists(self) -> bool:
        """Whether there is something to go on with."""
        return (self.path / "run.json").exists()

    def begin(self, *, resume: bool) -> dict[str, Any]:
        """Make it, empty unless one goes on.

        Returns:
            What was noted when it was begun.
        """
        self._drop_old()
        if resume and self.exists:
            return self.notes()
        shutil.rmtree(self.path, ignore_errors=True)
        # What is in it tells which files somebody has, and an upload session's address.
        self.path.mkdir(mode=0o700, parents=True)
        self.note()
        return {}

    def notes(self) -> dict[str, Any]:
        """What was noted; nothing if that cannot be read."""
        try:
            noted: Any = json.loads((self.path / "run.json").read_bytes())["notes"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return {}
        return cast("dict[str, Any]", noted) if isinstance(noted, dict) else {}

    def note(self, **notes: Any) -> None:
        """Write down more; a killed process leaves the old notes or the new ones."""
        content = {"command": self._words, "notes": {**self.notes(), **notes}}
        draft = self.path / "run.json.new"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - for its mode
            json.dump(content, file)
        draft.replace(self.path / "run.json")

    def end(self) -> None:
        """All is done: remove it. Idempotent."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.is_temporary:
            with contextlib.suppress(OSError):
                self._parent.rmdir()

    def _drop_old(self) -> None:
        with contextlib.suppress(OSError):
            for folder in self._parent.iterdir():
                if time.time() - folder.stat().st_mtime > _KEPT_SECONDS and folder != self.path:
                    shutil.rmtree(folder, ignore_errors=True)
