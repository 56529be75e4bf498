from pathlib import Path

import pytest

from storage_stream.emulator.faults.words import (
    WORDS,
    BreakStream,
    Cut,
    Fault,
    FlipBit,
    GarbleJson,
    LoseAnswer,
    Pass,
    Refuse,
    Reset,
    Rewind,
    ShortLength,
    Stall,
    Trickle,
    UnknownWordError,
    WrongHash,
    parse_word,
)

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "emulator.md"


def facts(fault: Fault) -> tuple[object, ...]:
    names = [name for cls in type(fault).__mro__ for name in getattr(cls, "__slots__", ())]
    return (type(fault), *(getattr(fault, name) for name in sorted(set(names))))


@pytest.mark.parametrize(
    "fault",
    [
        Refuse("return-503", 503),
        Refuse("return-408", 408),
        Refuse("retry-after-7", 503, 7),
        Refuse("401-once", 401),
        Reset("return-reset-connection"),
        BreakStream("return-broken-stream"),
        Cut("return-504-after-256K", 256 * 1024, 504),
        Cut("return-broken-stream-final-chunk-after-1000B", 1000, final_only=True),
        Cut("drop-at-0", 0),
        Stall("stall-for-1s-after-256K", 256 * 1024, 1.0),
        Stall("stall-for-0.25s-after-0K", 0, 0.25),
        LoseAnswer("commit-then-drop", None),
        LoseAnswer("commit-then-503", 503),
        WrongHash("wrong-hash"),
        FlipBit("flip-bit-at-12", 12),
        ShortLength("short-length"),
        Trickle("trickle-1000Bps", 1000),
        GarbleJson("garbled-json"),
        Rewind("308-back-to-262144", 262144),
        Pass("pass"),
    ],
    ids=lambda fault: fault.word,
)
def test_a_word_makes_its_fault(fault: Fault) -> None:
    assert facts(parse_word(fault.word)) == facts(fault)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "nonsense",
        "return-",
        "return-200",
        "return-999",
        "return-50",
        "return-503 ",
        "return-503-after-K",
        "return-503-after-256",
        "trickle-0Bps",
        "drop-at--1",
        "drop-at-\N{ARABIC-INDIC DIGIT ONE}",
        "RETURN-503",
    ],
)
def test_any_other_word_is_refused_by_name(word: str) -> None:
    with pytest.raises(UnknownWordError) as refused:
        parse_word(word)
    assert refused.value.word == word
    assert repr(word) in str(refused.value)


def test_equal_words_are_faults_of_their_own() -> None:
    assert parse_word("return-503") != parse_word("return-503")


def test_the_page_lists_every_word_with_its_meaning() -> None:
    rows = [f"| `{form.spelling}` | {form.meaning} |" for form in WORDS]
    page = DOCUMENTATION.read_text("utf-8")
    assert [row for row in rows if row not in page] == []
