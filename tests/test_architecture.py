"""The floors of the design, held: who may import whom, what stays pure, how long things get."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from architecture import (
    Tree,
    When,
    circles,
    floor_of,
    hidden_imports,
    impurities,
    long_files,
    long_functions,
    rising_arrows,
    uses_beside,
    uses_of,
)

import storage_stream

# What each floor may import of ours besides itself. The lowest stand first; "" is the package's
# own __init__, the public names.
PUBLIC = ("", "errors", "pipeline")
FLOORS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "_version": (),
    "_lazy": (),
    "_cancellation": (),
    "_shielding": (),
    "_log": ("errors",),
    "_protocol": ("errors",),
    "_transport": ("_cancellation", "_log", "_protocol", "errors"),
    # Below the streams, which split lines with it; it shares one gunzip with the downloads.
    "pipeline": ("_cancellation", "errors", "_protocol.gunzip"),
    # The network is reached through the sender; base and clock are the types of what it gives.
    # It reads what is uploaded as a pipeline reads its source, and compresses it as one.
    "_transfer": (
        "_cancellation",
        "_shielding",
        "_log",
        "pipeline",
        "_transport.sender",
        "_transport.base",
        "_transport.clock",
        "_protocol",
        "errors",
    ),
    # What is entered or awaited, for the two floors that give such.
    "_open_request": ("errors",),
    "streams": ("_open_request", "pipeline", "_transfer", "_protocol", "errors"),
    # Files stand on streams and writers; they are what `open` gives, and know no client.
    "files": ("_open_request", "streams", "writer", "_transfer", "_protocol", "errors"),
    # gcloud-aio-storage's Blob signs what it is given by a key or a client; ours by the same names.
    "blob": (
        *("files", "streams", "_protocol", "errors"),
        *("_transport.signers", "_transport.credentials"),
    ),
    "bucket": ("blob", "_transfer", "_protocol", "errors"),
    # The client's methods, a file for each subject; the handles call them by the client.
    "writer": ("_transfer", "_protocol", "errors"),
    # Requests go by the sender; a call may bring credentials of its own, and somebody signs.
    "_api": (
        "_log",
        *("files", "streams", "writer", "_transfer", "_protocol", "errors"),
        *("_transport.sender", "_transport.credentials", "_transport.signers"),
    ),
    # It puts the transport together, and leaves what takes several requests to `_api`.
    "client": ("_api", "bucket", "_version", "_transport", "_protocol", "errors"),
    "": (
        *("_api", "client", "bucket", "blob", "files", "streams", "writer"),
        *("_version", "_lazy", "pipeline", "_transfer", "_protocol", "errors"),
        *("_transport.credentials", "_transport.environment"),
    ),
    "media": ("_lazy", *PUBLIC),
    "outputs": ("_lazy", "media", *PUBLIC),
    "images": ("_lazy", "_shielding", "media", "outputs", *PUBLIC),
    "sync": ("", "errors"),  # the asynchronous client, as anybody may use it
    # An extra that is missing has one error. Dask blocks, as the synchronous face does. How many
    # objects fsspec has under way follows the same rule as the client's runs of many.
    "integrations": (
        *("_lazy", "media.errors", "media.extras", "sync", "_transfer.limits"),
        *PUBLIC,
    ),
    "emulator": (),  # the independent judge knows nothing of the client
    # A transport in memory speaks in the values of _protocol.http and raises our errors.
    "testing": (
        "emulator",
        "_lazy",
        "_transport.base",
        "_transport.clock",
        "_protocol.http",
        "errors",
    ),
    "cli": ("emulator", "media", "images", "integrations", *PUBLIC),
    "__main__": ("cli",),
}
UPWARD_FOR_TYPES = {
    "blob -> bucket": "a blob's handle keeps the bucket it was made by",
    "bucket -> client": "a bucket's handle keeps the client it was made by",
}
IMPORTS_IN_FUNCTIONS = {
    "_transport.lanes": "aiohttp takes longer to load than all of ours: who needs it does",
    "testing.plugin": "pytest loads it for everybody who installed the package",
    "integrations.google_auth": "google-auth is an extra; without it the error says how to get it",
    **dict.fromkeys(
        ("outputs.data", "outputs.manager", "outputs.object_responses"),
        "FastAPI is an extra; they serve aiohttp.web without it",
    ),
    "cli": "click and rich are extras; without them the command says how to get them",
    **dict.fromkeys(
        ("cli.commands.cp", "cli.commands.mv"), "the transfers load the client, their help does not"
    ),
}
PURE = (
    *("_protocol", "errors", "media.errors", "media.headers", "media.limits", "outputs.planning"),
    "media.connections.blocks.block_cache",
)
PURE_LIBRARIES = frozenset(
    {
        *("__future__", "base64", "binascii", "collections", "collections.abc", "dataclasses"),
        *("datetime", "email.utils", "enum", "fastcrc.crc32", "functools", "hashlib", "hmac"),
        *(
            "abc",
            "contextlib",
            "itertools",
            "json",
            "math",
            "re",
            "string",
            "struct",
            "types",
            "typing",
        ),
        *("unicodedata", "urllib.parse", "xml.etree", "zlib"),
    }
)
AIOHTTP_FLOORS = {"_transport"}
AIOHTTP_WEB_FLOORS = {"emulator", "outputs", "images"}  # they answer requests; they make none
AIOHTTP_BESIDE_WEB = {
    ("aiohttp.typedefs", "Handler"): "how aiohttp.web types its handlers",
    ("aiohttp.typedefs", "Middleware"): "the same for its middlewares",
    ("aiohttp", "StreamReader"): "as which aiohttp.web gives a request's body",
}
AIOHTTP_FOR_TYPES = {
    "client": "a session that the caller brings is an aiohttp.ClientSession",
    "streams": "gcloud-aio-storage's StreamResponse shows its aiohttp response",
}


@pytest.fixture(scope="module")
def ours() -> Tree:
    return Tree.read(Path(storage_stream.__file__).parent)


def test_no_arrow_runs_up(ours: Tree) -> None:
    assert rising_arrows(ours, FLOORS, UPWARD_FOR_TYPES) == []


def test_no_circle(ours: Tree) -> None:
    assert circles(ours) == []


def test_no_import_hides_in_a_function(ours: Tree) -> None:
    assert hidden_imports(ours, IMPORTS_IN_FUNCTIONS) == []


def test_the_pure_floors_are_pure(ours: Tree) -> None:
    assert impurities(ours, PURE, PURE_LIBRARIES) == []


def test_aiohttp_is_a_matter_of_the_transport(ours: Tree) -> None:
    elsewhere = [
        str(arrow)
        for arrow in uses_of(ours, "aiohttp")
        if floor_of(arrow.importer) not in AIOHTTP_FLOORS | AIOHTTP_WEB_FLOORS
        and not (arrow.importer in AIOHTTP_FOR_TYPES and arrow.when is When.TYPING)
    ]
    assert elsewhere == []


def test_who_answers_requests_makes_none(ours: Tree) -> None:
    clients = [
        str(arrow)
        for arrow in uses_beside(ours, "aiohttp", "web")
        if floor_of(arrow.importer) in AIOHTTP_WEB_FLOORS
        and (arrow.target, arrow.name) not in AIOHTTP_BESIDE_WEB
    ]
    assert clients == []


def test_files_stay_small(ours: Tree) -> None:
    assert long_files(ours, 400) == []


def test_functions_stay_small(ours: Tree) -> None:
    assert long_functions(ours, 40) == []


def test_the_tree_was_really_read(ours: Tree) -> None:
    # If the reader lost its way, every other test here would pass.
    assert {"errors", "_protocol.resumable_download", "emulator.store", ""} <= ours.files.keys()
    told = {(arrow.importer, arrow.target) for arrow in ours.inside}
    assert ("_protocol.ranges", "errors") in told
    assert ("_protocol.names", "urllib.parse") in {(a.importer, a.target) for a in ours.outside}


# -- the checker itself, on trees that are wrong ---------------------------------------------


def made(folder: Path, **files: str) -> Tree:
    """A package `house`; `floor__module` is `floor/module.py`."""
    house = folder / "house"
    for name, source in {"__init__": "", **files}.items():
        file = house / (name.replace("__", "/") if name != "__init__" else name)
        file = file.with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(textwrap.dedent(source), encoding="utf-8")
    return Tree.read(house)


TWO_FLOORS = {"": ("upper", "lower"), "upper": ("lower",), "lower": ()}


@pytest.mark.parametrize(
    "source",
    [
        "import house.upper.roof",
        "from house.upper import roof",
        "from house.upper.roof import tile",
        "from house import upper",
        "from ..upper import roof",
        "from ..upper.roof import tile",
        "def f():\n    import house.upper.roof",
        "async def f():\n    from house.upper import roof",
        "class C:\n    from house.upper import roof",
        "try:\n    from house.upper import roof\nexcept ImportError:\n    pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.upper import roof",
        "import typing\nif typing.TYPE_CHECKING:\n    from house.upper import roof",
    ],
)
def test_an_arrow_that_runs_up_is_found(tmp_path: Path, source: str) -> None:
    tree = made(tmp_path, lower__cellar=source, upper__roof="tile = 1")
    wrong = rising_arrows(tree, TWO_FLOORS, {})
    assert len(wrong) == 1
    assert wrong[0].startswith("lower.cellar:")
    assert "imports upper" in wrong[0]


def test_an_arrow_that_runs_down_is_right(tmp_path: Path) -> None:
    source = "from house.lower import cellar\nfrom house.lower.cellar import wine\nimport json"
    tree = made(tmp_path, upper__roof=source, lower__cellar="from . import rack", lower__rack="")
    assert rising_arrows(tree, TWO_FLOORS, {}) == []
    assert {arrow.target for arrow in tree.inside} == {"lower.cellar", "lower.rack"}


def test_only_one_module_of_a_floor_may_be_allowed(tmp_path: Path) -> None:
    floors = {"": (), "upper": ("lower.door",), "lower": ()}
    source = "from house.lower import door, cellar"
    tree = made(tmp_path, upper__roof=source, lower__cellar="", lower__door="")
    assert [wrong.split(" imports ")[1] for wrong in rising_arrows(tree, floors, {})] == [
        "lower.cellar when the module is loaded"
    ]


def test_an_excused_arrow_is_for_types_only(tmp_path: Path) -> None:
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import house.upper.roof"
    excuse = {"lower.cellar -> upper.roof": "a reason"}
    tree = made(tmp_path / "a", lower__cellar=typed, upper__roof="")
    assert rising_arrows(tree, TWO_FLOORS, excuse) == []
    tree = made(tmp_path / "b", lower__cellar="import house.upper.roof", upper__roof="")
    assert rising_arrows(tree, TWO_FLOORS, excuse) != []


def test_the_other_branch_of_type_checking_is_carried_out(tmp_path: Path) -> None:
    source = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import json
        else:
            import socket
    """
    tree = made(tmp_path, lower__cellar=source)
    assert {arrow.target: arrow.when for arrow in tree.outside} == {
        "typing": When.LOADING,
        "json": When.TYPING,
        "socket": When.LOADING,
    }


def test_a_module_on_no_floor_is_found(tmp_path: Path) -> None:
    tree = made(tmp_path, attic__box="")
    assert rising_arrows(tree, TWO_FLOORS, {}) == [
        "attic: stands on no floor",
        "attic.box: stands on no floor",
    ]


def test_circles_are_found_also_where_one_import_hides(tmp_path: Path) -> None:
    tree = made(
        tmp_path,
        lower__a="from house.lower import b",
        lower__b="from .c import x",
        lower__c="x = 1\ndef f():\n    from house.lower.a import y",
    )
    assert circles(tree) == ["lower.a -> lower.b -> lower.c -> lower.a"]


def test_types_make_no_circle(tmp_path: Path) -> None:
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.lower import a"
    assert circles(made(tmp_path, lower__a="from house.lower import b", lower__b=typed)) == []


def test_a_hidden_import_needs_a_reason(tmp_path: Path) -> None:
    tree = made(
        tmp_path, lower__a="class C:\n    def f(self):\n        import house.lower.b", lower__b=""
    )
    assert hidden_imports(tree, {}) == ["lower.a:3 imports lower.b inside a function"]
    assert hidden_imports(tree, {"lower.a": "a reason"}) == []


@pytest.mark.parametrize(
    "module",
    ["asyncio", "aiohttp", "os", "os.path", "time", "random", "secrets", "logging", "socket",
     "pathlib", "io", "subprocess", "threading", "email.mime.text"],
)  # fmt: skip
def test_an_impure_import_is_found_wherever_it_hides(tmp_path: Path, module: str) -> None:
    for number, source in enumerate(
        [
            f"import {module}",
            f"from {module} import x",
            f"import json, {module} as y",
            f"def f():\n    import {module}",
            f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {module}",
        ]
    ):
        tree = made(tmp_path / str(number), lower__a=source)
        assert len(impurities(tree, ("lower",), PURE_LIBRARIES)) == 1
        assert impurities(tree, ("upper",), PURE_LIBRARIES) == []


@pytest.mark.parametrize(
    "source",
    ["open('x')", "print(1)", "import datetime\ndatetime.datetime.now()", "__import__('os')",
     "from datetime import date\ndef f():\n    return date.today()"],
)  # fmt: skip
def test_an_impure_call_is_found(tmp_path: Path, source: str) -> None:
    assert len(impurities(made(tmp_path, lower__a=source), ("lower",), PURE_LIBRARIES)) == 1


def test_a_clock_that_is_handed_in_is_pure(tmp_path: Path) -> None:
    tree = made(tmp_path, lower__a="def f(now):\n    return now()")
    assert impurities(tree, ("lower",), PURE_LIBRARIES) == []


def test_a_foreign_library_is_found(tmp_path: Path) -> None:
    tree = made(
        tmp_path,
        lower__a="import aiohttp.web",
        lower__b="def f():\n    from aiohttp import web",
        lower__c="import aiohttp_cors",
    )
    assert [arrow.importer for arrow in uses_of(tree, "aiohttp")] == ["lower.a", "lower.b"]


def test_one_part_of_a_library_is_told_from_the_others(tmp_path: Path) -> None:
    tree = made(
        tmp_path,
        lower__a="import aiohttp.web",
        lower__b="from aiohttp import web",
        lower__c="from aiohttp.web import Request",
        upper__a="import aiohttp",
        upper__b="from aiohttp import web, ClientSession",
        upper__c="from aiohttp.web_log import AccessLogger",
    )
    found = [arrow.importer for arrow in uses_beside(tree, "aiohttp", "web")]
    assert found == ["upper.a", "upper.b", "upper.c"]


def test_long_files_are_found(tmp_path: Path) -> None:
    tree = made(tmp_path, lower__a="x = 1\n" * 5, lower__b="x = 1\n" * 4)
    assert long_files(tree, 4) == ["lower.a: 5 lines"]


def test_long_functions_are_found_and_words_do_not_count(tmp_path: Path) -> None:
    source = '''
        class C:
            def short(self):
                """A docstring

                of many lines.
                """
                # a comment

                return 1

            async def long(self):
                x = 1
                def inner():
                    """Not counted."""
                    return x
                return inner
    '''
    tree = made(tmp_path, lower__a=source)
    assert long_functions(tree, 2) == [
        "lower.a:12 long: 5 lines",
    ]
