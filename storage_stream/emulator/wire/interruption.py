"""The one exception that says: this body ended before it was whole.

It stands alone because both the wire and the faults raise it, and the wire uses the faults.
"""

from enum import Enum


class Ending(Enum):
    """How a connection ends without (the rest of) an answer."""

    FIN = "fin"
    RST = "rst"


class BodyInterrupted(Exception):  # noqa: N818 - an event to act upon, mostly not an error of ours
    """The body ended before it was whole: the client is gone, or a fault fired.

    Attributes:
        status: the status to answer with; None drops the connection without an answer.
        ending: how the connection is dropped when there is no answer.
    """

    def __init__(self, why: str, *, status: int | None = None, ending: Ending = Ending.FIN) -> None:
        super().__init__(why)
        self.status = status
        self.ending = ending
