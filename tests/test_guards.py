"""What must not be in the product at all, found in its syntax tree and under whatever name it is imported.

Every rule is shown to work on planted snippets, so that none can fall asleep.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("common", "energy", "healthcare", "agriculture", "logistics", "apps")
RUNS_CODE = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
# These parse XML with entities that name other files and addresses; defusedxml does not.
XML = {"xml", "lxml", "xmltodict", "pyexpat"}
NETWORK = {
    *("socket", "ssl", "socketserver", "requests", "httpx", "aiohttp", "urllib3", "websockets", "websocket"),
    *("ftplib", "smtplib", "poplib", "imaplib", "telnetlib", "xmlrpc", "paramiko", "boto3", "fsspec"),
    *("http.client", "http.server", "urllib.request"),
}
MAY_USE_THE_NETWORK = {
    "common/access.py": "turns the address to listen on into numbers",
    "common/front.py": "asks the app on loopback whether it is up",
    "common/intake/child.py": "talks to its children over a unix socket pair",
    "common/intake/zygote.py": "the other end of that pair",
    "dev.py": "brings loopback up in the tests' network namespace",
}
CALLS = {
    **dict.fromkeys(("eval", "exec", "compile", "builtins.eval", "builtins.exec"), "runs text as code"),
    **dict.fromkeys(("os.system", "os.popen", "asyncio.create_subprocess_shell"), "runs a shell"),
    **dict.fromkeys(("subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"), "runs a shell"),
    **dict.fromkeys(
        ("torch.load", "torch.jit.load", "torch.hub.load", "torch.package.PackageImporter"), "pickle"
    ),
    **dict.fromkeys(("pandas.read_pickle", "pandas.read_hdf", "pandas.HDFStore"), "pickle"),
    **dict.fromkeys(("pandas.read_html", "pandas.read_xml"), "reads addresses and XML"),
    "pandas.eval": "runs text as code",
    **dict.fromkeys(
        ("yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load"), "makes objects from text"
    ),
    "shutil.unpack_archive": "unpacks unchecked",
    "tempfile.mktemp": "a name that another process can take first",
    **dict.fromkeys(("asyncio.open_connection", "asyncio.start_server"), "network"),
}
METHODS = {
    "extractall": "unpacks unchecked",
    "extract": "unpacks unchecked",
    "unpack_archive": "unpacks unchecked",
    "to_pickle": "pickle",
    "read_pickle": "pickle",
    "query": "runs text as code",
    "eval": "runs text as code",
}
KEYWORDS = {"allow_pickle": False, "shell": False, "weights_only": True}
"""Arguments that may only be given as this constant, never as a variable."""


def product_files() -> list[Path]:
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [*found, ROOT / "dev.py"]


def findings(source: str, path: str = "common/x.py") -> list[str]:
    """What is forbidden in a source text, as 'line: what'."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                known[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            known |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    return [f"{node.lineno}: {what}" for node in ast.walk(tree) for what in _of(node, known, path)]


def _of(node: ast.AST, known: dict[str, str], path: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for name in node.names:
            yield from _module(name.name, path)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for name in node.names:
            yield from _module(node.module, path, name.name)
    elif isinstance(node, ast.Call):
        yield from _call(node, known, path)
    elif isinstance(node, ast.Assert) and not _narrows(node.test):
        yield "an assert that is more than a hint for the type checker; raise a PilotError"
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in KEYWORDS:
                yield from _keyword(key.value, value)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in {"allow_pickle", "weights_only"} and node.value:
                yield from _keyword(target.id, node.value)
    elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
        named = _dotted(node, known)
        # Handed on under another name, as in map(eval, …) or load = torch.load.
        if named in CALLS and named not in {"compile", "eval", "exec"}:
            yield f"{named}: {CALLS[named]}"
        elif isinstance(node, ast.Name) and node.id in {"eval", "exec"} and node.id not in known:
            yield f"{node.id}: {CALLS[node.id]}"


def _module(module: str, path: str, name: str = "") -> Iterator[str]:
    top, whole = module.partition(".")[0], f"{module}.{name}" if name else module
    if top in RUNS_CODE:
        yield f"imports {top}, which runs code that is hidden in data"
    if top in XML:
        yield f"imports {top}; use defusedxml"
    if whole.startswith("monai.bundle") or (top == "monai" and name == "ConfigParser"):
        yield "imports MONAI's bundles, whose configuration runs code"
    if ({top, module, whole} & NETWORK) and path not in MAY_USE_THE_NETWORK:
        yield f"imports {whole}: the network is the affair of {', '.join(MAY_USE_THE_NETWORK)}"


def _call(node: ast.Call, known: dict[str, str], path: str) -> Iterator[str]:
    named = _dotted(node.func, known)
    if named == "compile":
        yield "compile: runs text as code"
    if named in {"importlib.import_module", "__import__"} and node.args:
        text = node.args[0]
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield from _module(text.value, path)
    if named in {"numpy.load", "numpy.lib.format.read_array"}:
        stated = [keyword for keyword in node.keywords if keyword.arg == "allow_pickle"]
        if not stated:
            yield f"{named} without allow_pickle=False"
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and named not in CALLS:
        on_text = isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "str"
        no_text = node.func.attr == "eval" and not node.args and not node.keywords  # a network's own eval()
        if not on_text and not no_text:
            yield f".{node.func.attr}(): {METHODS[node.func.attr]}"
    for keyword in node.keywords:
        if keyword.arg in KEYWORDS:
            yield from _keyword(keyword.arg, keyword.value)


def _keyword(name: str, value: ast.expr) -> Iterator[str]:
    if not (isinstance(value, ast.Constant) and value.value is KEYWORDS[name]):
        yield f"{name} is not plainly {KEYWORDS[name]}"


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, known)
        return f"{before}.{node.attr}" if before else ""
    return known.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _narrows(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return all(_narrows(value) for value in test.values)
    if isinstance(test, ast.Compare):
        nothing = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
        return nothing and isinstance(test.ops[0], ast.IsNot)
    return isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance"


@pytest.mark.parametrize("path", product_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_forbidden_is_in_the_product(path):
    assert findings(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) == []


@pytest.mark.parametrize(
    "planted",
    [
        *("import pickle", "import _pickle as p", "from pickle import loads", "import dill", "import shelve"),
        *("import cloudpickle", "from joblib import load", "import marshal", "import joblib.numpy_pickle"),
        *("import importlib\nimportlib.import_module('pickle')", "__import__('marshal')"),
        *("import torch\ntorch.load('m.pt')", "from torch import load as get\nget('m.pt')"),
        *("import torch\nt = torch.load", "import torch as t\nt.jit.load('m')", "f(weights_only=False)"),
        *("import torch\ntorch.load('m.pt', weights_only=True)", "import torch\ntorch.hub.load('a', 'b')"),
        *("import numpy as np\nnp.load('a.npy')", "import numpy as np\nnp.load('a.npy', 'r', True)"),
        *("import numpy as np\nnp.load('a', allow_pickle=True)", "from numpy import load\nload('a')"),
        *(
            "f(allow_pickle=yes)",
            "allow_pickle = True",
            "allow_pickle: bool = True",
            "f(**{'allow_pickle': True})",
        ),
        *("from numpy.lib import format\nformat.read_array(f)", "import yaml\nyaml.load(f, Loader=L)"),
        *("import yaml\nyaml.unsafe_load(f)", "eval('1')", "exec(text)", "compile(text, 'x', 'exec')"),
        *("list(map(eval, words))", "import builtins\nbuiltins.eval('1')", "import os\nos.system('ls')"),
        *("from os import popen\npopen('ls')", "import subprocess\nsubprocess.run('ls', shell=True)"),
        *("run('ls', shell=yes)", "import subprocess\nsubprocess.getoutput('ls')", "archive.extractall(to)"),
        *("archive.extract('a')", "import zipfile\nzipfile.ZipFile('a').extractall()"),
        *(
            "import shutil\nshutil.unpack_archive('a')",
            "from shutil import unpack_archive\nunpack_archive('a')",
        ),
        *(
            "from monai.bundle import ConfigParser",
            "import monai.bundle",
            "from monai.bundle.config_parser import X",
        ),
        *("from monai import bundle", "import xml.etree.ElementTree as ET", "from xml.dom import minidom"),
        *(
            "from lxml import etree",
            "import pandas as pd\npd.read_pickle('a')",
            "import pandas\npandas.read_hdf('a')",
        ),
        *(
            "import pandas as pd\npd.read_html('a')",
            "import pandas as pd\npd.eval(text)",
            "table.query(text)",
        ),
        *("table.eval('a = b')", "table.to_pickle('a')", "import pandas as pd\npd.HDFStore('a')"),
        *("import socket", "import urllib.request", "from urllib import request", "import requests"),
        *("from http.client import HTTPConnection", "from http import client", "import httpx", "import ssl"),
        *("import asyncio\nasyncio.open_connection('a', 1)", "import tempfile\ntempfile.mktemp()"),
        *("def f(n):\n    assert n > 0", "assert name", "assert x is None", "assert len(x) == 2, 'two'"),
    ],
)
def test_each_guard_fires(planted):
    assert findings(planted)


@pytest.mark.parametrize(
    "fine",
    [
        *("import numpy as np\nnp.load('a', allow_pickle=False)", "net.eval()", "words.str.extract('(a)')"),
        *(
            "import re\nre.compile('a')",
            "import torch\ntorch.compile(net)",
            "from urllib.parse import urlsplit",
        ),
        *("import configparser\nconfigparser.ConfigParser()", "from defusedxml.ElementTree import parse"),
        *("import subprocess\nsubprocess.run(['ls'], shell=False)", "import tempfile\ntempfile.mkdtemp()"),
        *("assert x is not None", "assert isinstance(x, int)", "import json\njson.load(f)", "address.query"),
    ],
)
def test_no_guard_fires_on_what_is_fine(fine):
    assert findings(fine) == []


def test_the_list_of_those_who_may_use_the_network_is_not_stale():
    for path in MAY_USE_THE_NETWORK:
        assert findings((ROOT / path).read_text(), "common/x.py"), path


def test_ruffs_security_rules_are_on_and_each_exception_has_a_reason():
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in ruff["select"]
    assert {rule for rule in ruff["ignore"] if rule.startswith("S")} <= {"S101", "S603", "S607"}
    excused = {where for where, rules in ruff["per-file-ignores"].items() if "S" in rules}
    assert excused == {"tests/**", "benchmarks/**"}
    for path in product_files():
        for line in path.read_text().splitlines():
            if re.search(r"#\s*noqa:[^-]*\bS\d", line):
                assert " -- " in line, f"{path}: {line.strip()}"


FLOORS = {"torch": "2.10", "monai": "1.6", "streamlit": "1.54"}


@pytest.mark.parametrize(("library", "floor"), FLOORS.items())
def test_libraries_with_known_holes_are_kept_out(library, floor):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]
    found = [Requirement(text) for text in asked if Requirement(text).name == library]
    assert found
    for requirement in found:
        lowest = [Version(s.version) for s in requirement.specifier if s.operator in {">=", "==", "~="}]
        assert lowest, requirement
        assert max(lowest) >= Version(floor), requirement
    locked = re.search(rf"^{library}==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    if locked:
        assert Version(locked[1]) >= Version(floor)
    try:
        assert Version(metadata.version(library)) >= Version(floor)
    except metadata.PackageNotFoundError:
        assert library == "monai"  # an extra that not everyone installs
