import pytest

from storage_stream.emulator.faults.book import (
    INSTRUCTIONS_HEADER,
    TEST_ID_HEADER,
    FaultBook,
    UnknownOperationError,
    UnknownTestError,
)
from storage_stream.emulator.faults.words import UnknownWordError

GET = "storage.objects.get"
INSERT = "storage.objects.insert"


@pytest.fixture
def book() -> FaultBook:
    return FaultBook(frozenset({GET, INSERT}))


def met(book: FaultBook, operation: str | None, **headers: str) -> str | None:
    names = {"test": TEST_ID_HEADER, "own": INSTRUCTIONS_HEADER}
    armed = book.armed_for({names[key]: value for key, value in headers.items()}, operation)
    if armed is None:
        return None
    assert armed.claim()
    return armed.fault.word


def test_a_test_gives_its_words_in_order_and_then_none(book: FaultBook) -> None:
    test_id = book.arm({GET: ["return-503", "return-504"]})
    assert met(book, GET, test=test_id) == "return-503"
    assert book.state(test_id)["instructions"] == {GET: ["return-504"]}
    assert not book.state(test_id)["completed"]
    assert met(book, GET, test=test_id) == "return-504"
    assert met(book, GET, test=test_id) is None
    assert book.state(test_id)["completed"]


def test_a_test_concerns_only_its_operations_and_its_requests(book: FaultBook) -> None:
    test_id = book.arm({GET: ["return-503"]})
    assert met(book, INSERT, test=test_id) is None
    assert met(book, GET) is None
    assert met(book, None, test=test_id) is None
    assert met(book, GET, test=test_id) == "return-503"


def test_looking_does_not_spend(book: FaultBook) -> None:
    test_id = book.arm({GET: ["drop-at-5"]})
    book.armed_for({TEST_ID_HEADER: test_id}, GET)
    assert book.state(test_id)["instructions"] == {GET: ["drop-at-5"]}


def test_of_two_requests_that_look_at_once_one_meets_it(book: FaultBook) -> None:
    book.arm_next({GET: ["drop-at-5", "return-503"]})
    first, second = (book.armed_for({}, GET) for _ in range(2))
    assert first is not None
    assert second is not None
    assert second.claim()
    assert not first.claim()
    assert second.claim(), "what was spent stays spent by whom it was spent"
    assert book.waiting() == {GET: ["return-503"]}


def test_the_next_of_anybody_comes_after_the_own_and_the_test(book: FaultBook) -> None:
    book.arm_next({GET: ["return-500"]})
    test_id = book.arm({GET: ["return-501"]})
    assert met(book, GET, test=test_id, own="return-502") == "return-502"
    assert met(book, GET, test=test_id) == "return-501"
    assert met(book, GET, test=test_id) is None
    assert met(book, GET) == "return-500"
    assert book.waiting() == {}


def test_an_own_instruction_needs_no_operation(book: FaultBook) -> None:
    assert met(book, None, own="return-502") == "return-502"


def test_arming_again_appends(book: FaultBook) -> None:
    book.arm_next({GET: ["return-500"]})
    book.arm_next({GET: ["return-501"]})
    assert book.waiting() == {GET: ["return-500", "return-501"]}


def test_one_wrong_word_arms_nothing(book: FaultBook) -> None:
    with pytest.raises(UnknownWordError, match="'oops'"):
        book.arm_next({GET: ["return-500"], INSERT: ["oops"]})
    with pytest.raises(UnknownOperationError, match=r"'storage\.objects\.gett'"):
        book.arm_next({GET: ["return-500"], "storage.objects.gett": []})
    with pytest.raises(UnknownWordError):
        book.arm({GET: ["return-500", "oops"]})
    assert book.waiting() == {}
    assert book.states() == []


def test_an_ended_test_is_unknown(book: FaultBook) -> None:
    test_id = book.arm({GET: ["return-503"]})
    book.end(test_id)
    for use in (book.state, book.end):
        with pytest.raises(UnknownTestError, match=test_id):
            use(test_id)
    with pytest.raises(UnknownTestError):
        met(book, GET, test=test_id)


def test_clear_forgets_everything(book: FaultBook) -> None:
    book.arm({GET: ["return-503"]})
    book.arm_next({GET: ["return-503"]})
    book.clear()
    assert (book.states(), book.waiting()) == ([], {})


def test_forget_next_leaves_the_tests(book: FaultBook) -> None:
    test_id = book.arm({GET: ["return-503"]})
    book.arm_next({GET: ["return-503"]})
    book.forget_next()
    assert book.waiting() == {}
    assert book.state(test_id)["instructions"] == {GET: ["return-503"]}
