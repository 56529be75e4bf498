"""Reads the imports of a package and holds them to its floors; `test_architecture.py` says which.

It reads source with `ast` and imports nothing of what it reads. Three kinds of imports are told
apart: those that are carried out when a module is loaded, those for type checkers only (under
`if TYPE_CHECKING`), and those hidden in a function.
"""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class When(enum.Enum):
    """When an import is carried out."""

    LOADING = "when the module is loaded"
    TYPING = "for type checkers only"
    CALLING = "inside a function"


@dataclass(frozen=True)
class Arrow:
    """One module imports another.

    `name` is what is taken out of it, where only that is: of a foreign `from a import b` nobody
    here knows whether `b` is a module.
    """

    importer: str
    target: str
    when: When
    line: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target} {self.when.value}"


@dataclass
class Tree:
    """The modules of a package by their names below it (`""` is the package itself)."""

    package: str
    files: dict[str, Path] = field(default_factory=dict)
    inside: list[Arrow] = field(default_factory=list)
    outside: list[Arrow] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Tree:
        """Read every module below the package's folder."""
        tree = cls(folder.name)
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            tree.files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
        for name, file in tree.files.items():
            _ImportReader(tree, name, is_package=file.name == "__init__.py").visit(parsed(file))
        return tree


def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


class _ImportReader(ast.NodeVisitor):
    """Collects the arrows of one module."""

    def __init__(self, tree: Tree, name: str, *, is_package: bool) -> None:
        self._tree = tree
        self._name = name
        self._is_package = is_package
        self._when = When.LOADING

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside(When.CALLING, node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._inside(When.CALLING, node)

    def visit_If(self, node: ast.If) -> None:
        test = node.test
        name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
        if name != "TYPE_CHECKING":
            self.generic_visit(node)
            return
        self._inside(When.TYPING, *node.body)
        for other in node.orelse:
            self.visit(other)

    def _inside(self, when: When, *nodes: ast.AST) -> None:
        before, self._when = self._when, when if self._when is When.LOADING else self._when
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.generic_visit(node)
            else:
                self.visit(node)
        self._when = before

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._arrow(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        origin = self._absolute(node)
        for alias in node.names:
            below = f"{origin}.{alias.name}".removeprefix(f"{self._tree.package}.")
            # `from package import module` is an arrow to the module, not to the package
            is_module = origin.split(".")[0] == self._tree.package and below in self._tree.files
            target = f"{origin}.{alias.name}" if is_module else origin
            self._arrow(target, node.lineno, alias.name)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = [self._tree.package, *filter(None, self._name.split("."))]
        base = here[: len(here) - node.level + (1 if self._is_package else 0)]
        return ".".join([*base, *filter(None, [node.module])])

    def _arrow(self, target: str, line: int, name: str = "") -> None:
        first, _, rest = target.partition(".")
        if first == self._tree.package:
            self._tree.inside.append(Arrow(self._name, rest, self._when, line, name))
        else:
            self._tree.outside.append(Arrow(self._name, target, self._when, line, name))


def floor_of(module: str) -> str:
    """The floor a module stands on: the first part of its name."""
    return module.partition(".")[0]


def _within(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == name or (name and module.startswith(f"{name}.")) for name in allowed)


def rising_arrows(
    tree: Tree,
    floors: Mapping[str, tuple[str, ...]],
    upward_for_types: Mapping[str, str],
) -> list[str]:
    """Arrows that the table of floors does not allow, and modules that stand on no floor.

    Args:
        tree: What was read.
        floors: For each floor, what it may import besides itself.
        upward_for_types: Arrows `importer -> target` that type checkers may follow upwards, with
            the reason.
    """
    wrong = [
        f"{name or tree.package}: stands on no floor" for name in tree.files
        if floor_of(name) not in floors
    ]  # fmt: skip
    for arrow in tree.inside:
        floor = floor_of(arrow.importer)
        same = floor == floor_of(arrow.target)
        excused = f"{arrow.importer} -> {arrow.target}" in upward_for_types
        if same or (excused and arrow.when is When.TYPING):
            continue
        if not _within(arrow.target, floors.get(floor, ())):
            wrong.append(str(arrow))
    return wrong


def circles(tree: Tree) -> list[str]:
    """Circles of imports between modules, hidden ones included; types are no circle."""
    graph: dict[str, set[str]] = {name: set() for name in tree.files}
    for arrow in tree.inside:
        if arrow.when is not When.TYPING and arrow.target != arrow.importer:
            graph[arrow.importer].add(arrow.target)
    found: list[str] = []
    done: set[str] = set()
    for start in sorted(graph):
        _follow(graph, start, [], done, found)
    return found


def _follow(
    graph: dict[str, set[str]], name: str, path: list[str], done: set[str], found: list[str]
) -> None:
    if name in path:
        found.append(" -> ".join([*path[path.index(name) :], name]))
        return
    if name in done:
        return
    for target in sorted(graph.get(name, ())):
        _follow(graph, target, [*path, name], done, found)
    done.add(name)


def hidden_imports(tree: Tree, reasons: Mapping[str, str]) -> list[str]:
    """Imports of our own modules inside functions, of modules that have no reason for it."""
    hidden = [arrow for arrow in tree.inside if arrow.when is When.CALLING]
    return [str(arrow) for arrow in hidden if arrow.importer not in reasons]


def impurities(tree: Tree, pure: tuple[str, ...], allowed: frozenset[str]) -> list[str]:
    """What pure modules do that is not pure: foreign imports, calls that do I/O."""
    wrong = [
        str(arrow)
        for arrow in tree.outside
        if _within(arrow.importer, pure) and arrow.target not in allowed
    ]
    for name, file in tree.files.items():
        if _within(name, pure):
            wrong += [f"{name}:{call}" for call in _impure_calls(parsed(file))]
    return wrong


_IMPURE_BUILTINS = frozenset({"open", "print", "input", "exec", "eval", "__import__", "breakpoint"})
_IMPURE_METHODS = frozenset({"now", "today", "utcnow"})  # of datetime and date: the time of day


def _impure_calls(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in _IMPURE_BUILTINS:
            yield f"{node.lineno} calls {node.func.id}()"
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _IMPURE_METHODS:
            yield f"{node.lineno} asks for the time with .{node.func.attr}()"


def uses_of(tree: Tree, library: str) -> list[Arrow]:
    """Every import of a foreign library."""
    return [arrow for arrow in tree.outside if _within(arrow.target, (library,))]


def uses_beside(tree: Tree, library: str, part: str) -> list[Arrow]:
    """The imports of a foreign library that are not of one part of it."""
    whole = f"{library}.{part}"
    return [
        arrow
        for arrow in uses_of(tree, library)
        if not _within(arrow.target, (whole,)) and f"{arrow.target}.{arrow.name}" != whole
    ]


def long_files(tree: Tree, most_lines: int) -> list[str]:
    """Files with more lines than that."""
    lengths = {
        name: len(file.read_text(encoding="utf-8").splitlines())
        for name, file in tree.files.items()
    }
    return [f"{name}: {lines} lines" for name, lines in lengths.items() if lines > most_lines]


def long_functions(tree: Tree, most_lines: int) -> list[str]:
    """Functions with more lines of code; blank lines, comments and docstrings are none."""
    found: list[str] = []
    for name, file in tree.files.items():
        source = file.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _code_lines(node, source)
                if lines > most_lines:
                    found.append(f"{name}:{node.lineno} {node.name}: {lines} lines")
    return found


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, source: list[str]) -> int:
    numbers = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = inner.body[0]
            if ast.get_docstring(inner, clean=False) is not None:
                numbers -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines = (source[number - 1].strip() for number in numbers)
    return sum(1 for line in lines if line and not line.startswith("#"))
