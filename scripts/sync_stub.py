"""The types of the sync face, `storage_stream/sync/__init__.pyi`, made of the asynchronous source.

    python scripts/sync_stub.py     write it

A test compares, so that the two faces cannot differ. Signatures are taken over, and the first
sentences of docstrings, for editors; `help()` has all of them. What is awaited or entered there is
returned here.
"""

from __future__ import annotations

import ast
import functools
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import storage_stream
import storage_stream.sync as face_package
from storage_stream.sync.face import without_await

STUB = Path(face_package.__file__).with_suffix(".pyi")

_FACES = (
    *("StreamResponse", "StreamWriter", "ObjectReader", "ObjectWriter", "TextReader"),
    *("TextWriter", "Batch", "ManyTransfer", "Deletion", "Bucket", "Blob", "Storage"),
)
_HEAD = '''\
# ruff: noqa: D301, E501, PYI021 - sentences of docstrings as they are, which editors show
"""Made by `scripts/sync_stub.py` of the asynchronous client's source; not to be edited."""
'''
_RENAMED = {
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}
_KEPT = {"__len__", "__init__", *_RENAMED}
_INSIDE = {
    "abandon",
    "around",
    "call_mirrored",
    "count",
    "disown",
    "get_mirrored",
    "made_by",
    "post",
    "watched",
}
_LONGEST_DEFAULT = 30  # characters
# Attributes whose types no annotation in `__init__` tells.
_ATTRIBUTES = {("Blob", "name"): "str", ("TextReader", "encoding"): "str",
               ("TextReader", "errors"): "str", ("TextWriter", "encoding"): "str",
               ("TextWriter", "errors"): "str"}  # fmt: skip


class _Source(NamedTuple):
    """A class as it is written, and what names mean in its module."""

    node: ast.ClassDef
    module: str
    imports: dict[str, str]


@functools.cache
def _module(name: str) -> tuple[dict[str, ast.ClassDef], dict[str, str], set[str]]:
    """The classes, imports and other names of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    body = [*tree.body, *(inner for node in tree.body if isinstance(node, ast.If)
                          for inner in node.body)]  # fmt: skip
    imports: dict[str, str] = {}
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            for alias in node.names:
                known_as = f" as {alias.asname}" if alias.asname else ""
                imports[alias.asname or alias.name] = (
                    f"from {node.module} import {alias.name}{known_as}"
                )
        elif isinstance(node, ast.Import):
            for alias in node.names:
                known_as = f" as {alias.asname}" if alias.asname else ""
                imports[alias.asname or alias.name] = f"import {alias.name}{known_as}"
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    return classes, imports, {target.id for node in body
                              for target in [getattr(node, "target", None)]
                              if isinstance(target, ast.Name)}  # fmt: skip


def _source(kind: type) -> _Source:
    classes, imports, own = _module(kind.__module__)
    names = {name: f"from {kind.__module__} import {name}" for name in own | classes.keys()}
    return _Source(classes[kind.__name__], kind.__module__, names | imports)


class _Synchronous(ast.NodeTransformer):
    """Annotations as they are without a loop."""

    def __init__(self, bound: dict[str, str]) -> None:
        self._bound = bound

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name):
            if node.value.id in {"AsyncGenerator", "AsyncIterator"}:
                item = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                return ast.Subscript(ast.Name("Items"), item)
            if node.value.id == "FileRequest":
                return node.slice
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "DownloadRequest":
            return ast.Name("StreamResponse")
        return ast.Name(self._bound.get(node.id, node.id))


class _Stub:
    """The page while it is put together."""

    def __init__(self) -> None:
        self._sources: dict[int, _Source] = {}
        self._imports = {"Items": "from storage_stream.sync.items import Items"}

    def text(self) -> str:
        """The page; imports that stand for the same are not repeated."""
        classes = "\n\n".join(ast.unparse(self._class(name)) for name in _FACES)
        listed = f"__all__ = {sorted(face_package.__all__)!r}"
        return "\n".join([_HEAD, *sorted(set(self._imports.values())), listed, classes]) + "\n"

    def _class(self, name: str) -> ast.ClassDef:
        face, kind = getattr(face_package, name), getattr(storage_stream, name)
        own = self._own_members(face)
        mirrored = self._mirrored_members(kind, own.keys())
        body: list[ast.stmt] = [ast.Expr(ast.Constant(_summary(face.__doc__)))]
        body += self._attributes(kind, own.keys())
        for members in (mirrored, own):
            body += [node for nodes in members.values() for node in nodes]
        for node in body:
            self._import_names(node)
        bases: list[ast.expr] = []
        if name == "Blob":
            fields = "from storage_stream._protocol.object_fields import ObjectFields"
            self._imports["ObjectFields"] = fields
            bases = [ast.Name("ObjectFields")]
        return ast.fix_missing_locations(ast.ClassDef(name, bases, [], body, []))

    def _own_members(self, face: type) -> dict[str, list[ast.stmt]]:
        """What the face has that the asynchronous class has not, or has otherwise."""
        found: dict[str, list[ast.stmt]] = {}
        for base in reversed(face.__mro__[:-1]):
            if base.__name__ not in {"Face", "Resource", "_Readable", "_Writable"}:
                source = _source(base)
                for node in source.node.body:
                    if isinstance(node, ast.FunctionDef) and self._is_shown(node.name):
                        found[node.name] = [self._function(node, source, {})]
        found.pop("__init__", None)
        return found

    def _is_shown(self, name: str) -> bool:
        shown = not name.startswith("_") or name in {"__iter__", "__enter__", "__exit__"}
        return shown and name not in _INSIDE

    def _mirrored_members(self, kind: type, own: Any) -> dict[str, list[ast.stmt]]:
        found: dict[str, list[ast.stmt]] = {}
        for base in reversed(kind.__mro__[:-1]):
            if not base.__module__.startswith("storage_stream"):
                continue
            source, bound = _source(base), _bound_in(kind, base)
            here: dict[str, list[ast.stmt]] = {}
            for node in source.node.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    name = _RENAMED.get(node.name, node.name)
                    if node.name == "__init__" and base is not storage_stream.Storage:
                        continue
                    if (
                        name in own
                        or name in _INSIDE
                        or (node.name.startswith("_") and node.name not in _KEPT)
                    ):
                        continue
                    if _is_overload(node) or not _is_overload(here.get(name, [None])[-1]):
                        here.setdefault(name, []).append(self._function(node, source, bound))
            found |= here
        return found

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, source: _Source, bound: dict[str, str]
    ) -> ast.stmt:
        made = ast.FunctionDef(
            _RENAMED.get(node.name, node.name),
            _copy(node.args),
            [],
            [_copy(one) for one in node.decorator_list],
            _copy(node.returns),
        )
        if node.name == "__init__":
            _without(made.args, "session")
        if node.name == "run":
            _without(made.args, "jobs")
        made.args.defaults = [_plain(value) for value in made.args.defaults]
        made.args.kw_defaults = [value and _plain(value) for value in made.args.kw_defaults]
        text = _summary(without_await(ast.get_docstring(node)))
        body = [ast.Expr(ast.Constant(text))] if text else [ast.Expr(ast.Constant(...))]
        made.body = list[ast.stmt](body)
        changed: ast.FunctionDef = _Synchronous(bound).visit(ast.fix_missing_locations(made))
        self._sources[id(changed)] = source
        return changed

    def _import_names(self, node: ast.stmt) -> None:
        source = self._sources.get(id(node))
        for name in ast.walk(node):
            if source and isinstance(name, ast.Name) and name.id not in {*_FACES, "Items"}:
                line = source.imports.get(name.id)
                if line is not None and len(line) < len(self._imports.get(name.id, line + " ")):
                    self._imports[name.id] = line

    def _attributes(self, kind: type, own: Any) -> list[ast.stmt]:
        """What `__init__` sets under public names, and what the class says it has."""
        source = _source(kind)
        functions = [node for node in source.node.body if isinstance(node, ast.FunctionDef)]
        init = next((node for node in functions if node.name == "__init__"), None)
        if init is None or kind is storage_stream.Storage:
            return []
        given = {one.arg: one.annotation for one in (*init.args.args, *init.args.kwonlyargs)}
        said = [node for node in source.node.body if isinstance(node, ast.AnnAssign)]
        found: list[ast.stmt] = []
        for node in [*said, *ast.walk(init)]:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", 0)
            name = str(getattr(target, "attr", getattr(target, "id", "_")))
            is_ours = isinstance(target, ast.Attribute) or node in said
            if not is_ours or name.startswith("_") or name in own:
                continue
            annotation = _type_of(node, given, (kind.__name__, name))
            found.append(ast.AnnAssign(ast.Name(name), annotation, None, 1))
            self._sources[id(found[-1])] = source
        return found


def _summary(text: str | None) -> str:
    return (text or "").partition("\n\n")[0]


def _type_of(node: Any, given: dict[str, Any], key: tuple[str, str]) -> ast.expr:
    if key in _ATTRIBUTES:
        return ast.Name(_ATTRIBUTES[key])
    if isinstance(node, ast.AnnAssign):
        return node.annotation
    if isinstance(node.value, ast.Constant):
        return ast.Name(type(node.value.value).__name__)
    annotation: ast.expr = given[node.value.id]
    return annotation


def _bound_in(kind: type, base: type) -> dict[str, str]:
    """What the type variables of a generic base are in a class."""
    for owner in kind.__mro__:
        for generic in getattr(owner, "__orig_bases__", ()):
            if getattr(generic, "__origin__", None) is base:
                return {
                    variable.__name__: argument.__name__
                    for variable, argument in zip(
                        base.__parameters__,
                        generic.__args__,
                        strict=True,
                    )
                }
    return {}


def _copy(node: Any) -> Any:
    """A node of its own, to be changed."""
    if node is None:
        return None
    if isinstance(node, ast.arguments):
        return ast.parse(f"def f({ast.unparse(node)}): ...").body[0].args  # type: ignore[attr-defined] # a function
    return ast.parse(ast.unparse(node), mode="eval").body


def _plain(value: ast.expr) -> ast.expr:
    number = value.operand if isinstance(value, ast.UnaryOp) else value
    is_plain = isinstance(number, ast.Constant) and len(str(number.value)) < _LONGEST_DEFAULT
    return value if is_plain else ast.Constant(...)


def _without(arguments: ast.arguments, name: str) -> None:
    for place, argument in enumerate(arguments.kwonlyargs):
        if argument.arg == name:
            del arguments.kwonlyargs[place], arguments.kw_defaults[place]
            return


def _is_overload(node: Any) -> bool:
    return any(
        isinstance(one, ast.Name) and one.id == "overload"
        for one in getattr(node, "decorator_list", ())
    )


def stub() -> str:
    """The whole stub, not formatted."""
    return _Stub().text()


def main() -> None:
    """Write it, and format it."""
    STUB.write_text(stub(), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", "--quiet", "--fix", "--select", "I", STUB], check=True)
    subprocess.run([*ruff, "format", "--quiet", STUB], check=True)
    sys.stdout.write(f"{STUB.name}: {len(STUB.read_text().splitlines())} lines\n")


if __name__ == "__main__":
    main()
