"""What a client is made of, put together before the first of its subjects is there.

It does not know how any of it was chosen: lanes, addresses and credentials are the client's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream._protocol.observer import Observer
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transport.credentials import Credentials
    from storage_stream._transport.sender import Sender
    from storage_stream._transport.signers import Signers, Surroundings

__all__ = ["ClientParts", "SigningParts"]


@dataclass(frozen=True, slots=True)
class SigningParts:
    """What signing needs of the client besides a sender.

    Attributes:
        signers: Find who signs.
        surroundings: Clock and chance.
        root: The storage service's address.
        source: Gives, or makes, what gives the client's tokens.
        credentials: The client's.
    """

    signers: Signers
    surroundings: Surroundings
    root: str
    source: Callable[[], Any]
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class ClientParts:
    """What the subjects of one client share.

    Attributes:
        sender: Sends operations.
        stream_sender: Sends those whose response is shown to the caller, and is aiohttp's.
        defaults: What is true of every call that does not say otherwise.
        signing: What signing needs besides.
        observer: Is told of every call, or nobody is.
    """

    sender: Sender
    stream_sender: Sender
    defaults: RequestOptions
    signing: SigningParts
    observer: Observer | None = None
