"""V4 signed POST policies: HTML forms by which a browser uploads into a bucket.

https://cloud.google.com/storage/docs/authentication/signatures#policy-document and
https://cloud.google.com/storage/docs/xml-api/post-object-forms. The policy is a JSON document that
says what a form may hold; its base64 is what is signed and what travels in the form. As in
`signing`, time and keys stay outside.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self, TypedDict

from storage_stream._protocol.names import check_bucket, check_object
from storage_stream._protocol.signing import ALGORITHM, SigningIdentity, check_expiration
from storage_stream._protocol.signing_address import SigningAddress
from storage_stream.errors import InvalidArgument

__all__ = ["PostPolicy", "SignedPostPolicy"]

_FILE_NAME = "${filename}"  # the service puts the name of the user's file in its place
_IGNORED = "x-ignore-"  # fields of such names need no condition
_OWN_FIELDS = frozenset(
    {
        *("bucket", "file", "key", "policy"),
        *("x-goog-algorithm", "x-goog-credential", "x-goog-date", "x-goog-signature"),
    }
)

_Given = Mapping[str, str] | Sequence[str | int]
_Condition = tuple[str, str, str] | tuple[str, int, int]


class SignedPostPolicy(TypedDict):
    """What a form needs.

    url: The form's `action`; its method is POST and its `enctype` `multipart/form-data`.
    fields: Hidden fields, all of them, before the one named `file`, which comes last.
    """

    url: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """What a form may upload; made by `PostPolicy.of`.

        policy = PostPolicy.of("bucket", "photos/${filename}", identity=identity, expiration=600)
        form = policy.form(await signer.sign(policy.string_to_sign.encode()))

    Attributes:
        bucket: The bucket.
        name: The object.
        identity: Who signs, and when.
        expiration: Seconds for which the form holds.
        address: Where it is sent.
        fields: Name and value of the form's further fields, sorted.
        conditions: `(operator, field, value)` of the further conditions.
    """

    bucket: str
    name: str
    identity: SigningIdentity
    expiration: int
    address: SigningAddress
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    conditions: tuple[_Condition, ...]

    @classmethod
    def of(
        cls,
        bucket: str,
        name: str,
        *,
        identity: SigningIdentity,
        expiration: int,
        address: SigningAddress | None = None,
        fields: Mapping[str, str] | None = None,
        conditions: Sequence[_Given] = (),
    ) -> Self:
        """Check a policy; nothing that is passed is kept or changed.

        Args:
            bucket: The bucket.
            name: The object. `${filename}` in it stands for the name of the user's file; then
                what comes before it is what the name has to begin with.
            identity: Who signs, and when.
            expiration: Seconds for which the form holds, 1 to 604,800.
            address: Where it is sent; None for the service itself, in path style.
            fields: Further fields, each of which becomes a condition too (`content-type`,
                `success_action_redirect`, `x-goog-meta-…`), unless it begins with `x-ignore-`.
            conditions: Further conditions, in the service's words:
                `["starts-with", "$content-type", "image/"]`, `["eq", "$acl", "private"]` or
                `{"acl": "private"}`, `["content-length-range", 0, 10_000_000]` in bytes.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: Anything else that cannot be.
            TypeError: A value of the wrong kind.
        """
        return cls(
            bucket=check_bucket(bucket),
            name=check_object(name),
            identity=identity,
            expiration=check_expiration(expiration),
            address=address or SigningAddress(),
            fields=_checked_fields({} if fields is None else fields),
            conditions=tuple(each for given in conditions for each in _checked(given)),
        )

    @property
    def document(self) -> str:
        """The policy as JSON, in ASCII: other characters are escaped."""
        equal = [{name: value} for name, value in self.fields if not name.startswith(_IGNORED)]
        ends = self.identity.timestamp + timedelta(seconds=self.expiration)
        policy = {
            "conditions": [
                *map(_as_json, self.conditions),
                *equal,
                {"bucket": self.bucket},
                _as_json(self._key_condition),
                {"x-goog-date": self.identity.date},
                {"x-goog-credential": self.identity.credential},
                {"x-goog-algorithm": ALGORITHM},
            ],
            "expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        }
        return json.dumps(policy, separators=(",", ":"))

    @property
    def string_to_sign(self) -> str:
        """What the key signs: the document in base64."""
        return base64.b64encode(self.document.encode()).decode()

    def form(self, signature: bytes) -> SignedPostPolicy:
        """The form's address and fields. Whoever has them may upload."""
        return {
            "url": self.address.form_url(self.bucket),
            "fields": {
                "key": self.name,
                **dict(self.fields),
                "x-goog-algorithm": ALGORITHM,
                "x-goog-credential": self.identity.credential,
                "x-goog-date": self.identity.date,
                "x-goog-signature": signature.hex(),
                "policy": self.string_to_sign,
            },
        }

    @property
    def _key_condition(self) -> _Condition:
        prefix, variable, _ = self.name.partition(_FILE_NAME)
        return ("starts-with", "$key", prefix) if variable else ("eq", "$key", self.name)


def _as_json(condition: _Condition) -> dict[str, str | int] | _Condition:
    """An equality as an object, which is the form Google's own libraries send."""
    operator, name, value = condition
    return {str(name)[1:]: value} if operator == "eq" else condition


def _checked_fields(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if not isinstance(fields, Mapping):
        raise TypeError(f"fields takes a mapping, not {type(fields).__name__}")
    for name, value in fields.items():
        _check_text(name)
        _check_text(value)
        if not name or name.lower() in _OWN_FIELDS:
            raise InvalidArgument(f"the form's field {name!r} is not the caller's to set")
    return tuple(sorted(fields.items()))


def _checked(given: _Given) -> list[_Condition]:
    """The conditions that one entry says: a list one, a mapping any number."""
    if isinstance(given, Mapping):
        pairs = given.items()
        return [("eq", f"${_check_text(name)}", _check_text(value)) for name, value in pairs]
    match given:
        case ("starts-with" | "eq" as operator, str(name), str(value)) if name[:1] == "$":
            return [(operator, _check_text(name), _check_text(value))]
        case ("content-length-range", int(least), int(most)) if 0 <= least <= most and bool not in {
            type(least),
            type(most),
        }:
            return [("content-length-range", least, most)]
        case _:
            raise InvalidArgument(
                "a condition is like ['starts-with', '$field', 'text'], ['eq', '$field', 'text'], "
                "{'field': 'text'} or ['content-length-range', 0, 1000]"
            )


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a form holds text, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument("a form's text needs a form in UTF-8") from None
    return value
