"""What is there, compared with what the ledgers allow: lost, doubled, wrong."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import google_crc32c

from benchmarks.soak.place import PLAIN, VERSIONED

if TYPE_CHECKING:
    from benchmarks.soak.content import Content
    from benchmarks.soak.ledger import Model, Name, ObjectModel
    from benchmarks.soak.place import Place

__all__ = ["Verdict", "judge"]

_MOST_TOLD = 50  # of each kind; all are counted


@dataclass(slots=True)
class Verdict:
    """What was found.

    Attributes:
        objects: Live objects that were compared, byte for byte.
        generations: Generations that were compared by size and checksum.
        bytes: Bytes that were compared.
        lost: What was acknowledged and is not there.
        doubled: What is there more often than it was asked for, or was asked for by nobody.
        wrong: What holds other bytes than were sent.
    """

    objects: int = 0
    generations: int = 0
    bytes: int = 0
    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])

    def document(self) -> dict[str, Any]:
        """As JSON."""
        counts = {"objects": self.objects, "generations": self.generations, "bytes": self.bytes}
        faults = {"lost": self.lost, "doubled": self.doubled, "wrong": self.wrong}
        return counts | {
            kind: {"count": len(told), "first": told[:_MOST_TOLD]} for kind, told in faults.items()
        }


def judge(place: Place, model: Model) -> Verdict:
    """Compare all that is there with what may be."""
    verdict = Verdict()
    found: defaultdict[Name, list[dict[str, Any]]] = defaultdict(list)
    for bucket in (PLAIN, VERSIONED):
        for resource in place.generations(bucket):
            found[bucket, resource["name"]].append(resource)
    for name in sorted(found.keys() | model.objects.keys()):
        allowed = model.objects.get(name)
        if allowed is None:
            verdict.doubled.append(f"{name}: nobody made it")
            continue
        live = [one for one in found[name] if "timeDeleted" not in one]
        _judge_live(place, name, allowed, live, verdict)
        if name[0] == VERSIONED:
            _judge_generations(name, allowed, found[name], verdict)
    return verdict


def _judge_live(
    place: Place, name: Name, allowed: ObjectModel, live: list[dict[str, Any]], verdict: Verdict
) -> None:
    if not live:
        if None not in allowed.live:
            verdict.lost.append(f"{name}: acknowledged, and not there")
        return
    data = place.read(*name, live[0]["generation"])
    verdict.objects += 1
    verdict.bytes += len(data)
    contents = [content for content in allowed.live if content is not None]
    if not contents:
        verdict.doubled.append(f"{name}: deleted, and there")
    elif all(data != content.data() for content in contents):
        verdict.wrong.append(f"{name}: {len(data)} bytes, not those of {contents}")
    elif _checksum(data) != live[0]["crc32c"] or str(len(data)) != live[0]["size"]:
        verdict.wrong.append(f"{name}: its resource tells another checksum or size")


def _judge_generations(
    name: Name, allowed: ObjectModel, resources: list[dict[str, Any]], verdict: Verdict
) -> None:
    """In a bucket that keeps everything, each put that was acknowledged is one generation."""
    verdict.generations += len(resources)
    known = {_key_of(content): content for content in (*allowed.must, *allowed.may)}
    there: Counter[Content] = Counter()
    for resource in resources:
        content = known.get((resource["size"], resource["crc32c"]))
        if content is None:
            verdict.wrong.append(f"{name}: a generation of {resource['size']} unknown bytes")
        else:
            there[content] += 1
    for content in known.values():
        must, most = allowed.must[content], allowed.must[content] + allowed.may[content]
        if there[content] < must:
            verdict.lost.append(f"{name}: {there[content]} generations of {must} acknowledged")
        if there[content] > most and content not in allowed.repeats:
            verdict.doubled.append(f"{name}: {there[content]} generations, at most {most} made")


def _key_of(content: Content) -> tuple[str, str]:
    data = content.data()
    return str(len(data)), _checksum(data)


def _checksum(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()
