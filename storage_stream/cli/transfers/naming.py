"""Where things go: the rules of `cp`, which are those of `gcloud storage cp`. Pure.

A target is a folder that sources go into if it is written as one (`out/`), if there is one, or if
there are several sources; else it is what the one source is to be called from now on. A slash at
the end of a source means nothing, but that it is a folder.
"""

from dataclasses import dataclass

__all__ = ["Target", "below", "leaf_of"]

_STEPS = frozenset({".", ".."})


def leaf_of(path: str) -> str:
    """The last step of a path or a name; `""` for one that is none, as in `.` and `/`."""
    leaf = path.rstrip("/").rpartition("/")[2]
    return "" if leaf in _STEPS else leaf


def below(folder: str, name: str) -> str:
    """A name in a folder; `""` is the bucket, or the folder where we are."""
    return f"{folder}/{name}" if folder and not folder.endswith("/") else folder + name


@dataclass(frozen=True, slots=True)
class Target:
    """Where sources go.

    Attributes:
        bucket: The bucket; None for this machine.
        path: The object's name or the "folder" there, or the path.
        into: Whether what comes keeps its name, and goes into it.
    """

    bucket: str | None
    path: str
    into: bool

    @property
    def folder(self) -> str:
        """The folder that files go to."""
        if self.into:
            return self.path or "."
        return self.path.rpartition("/")[0] or ("/" if self.path.startswith("/") else ".")

    @property
    def prefix(self) -> str:
        """The same of a bucket: with a slash at its end, or empty."""
        if self.into:
            return below(self.path, "")
        return self.path[: self.path.rfind("/") + 1]

    def name_of(self, leaf: str) -> str:
        """What a file is called below `folder` or `prefix`."""
        return leaf if self.into else self.path.rpartition("/")[2]

    def folder_of(self, leaf: str) -> str:
        """The folder that the files of the folder `leaf` go to."""
        return below(self.path, leaf) if self.into and leaf else self.path or "."

    def prefix_of(self, leaf: str) -> str:
        """The same of a bucket."""
        return below(below(self.path, leaf) if self.into and leaf else self.path, "")
