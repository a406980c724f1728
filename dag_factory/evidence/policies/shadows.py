"""Which file is found instead of a module or class that tests are run with, by where it lies and how it is called: of Python, Java, Ruby and Perl."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import PurePosixPath

__all__ = ["hidden", "installed", "preferred"]

_MODULE = re.compile(r"(\w+)\.(?:py|(?:[\w-]+\.)?(?:so|pyd))")
"""Files that Python imports: sources and extensions, whose names may tell of which Python they are."""
_NAMES = {
    "tools": "pytest _pytest pluggy iniconfig pygments exceptiongroup unittest xdist execnet pytest_asyncio pytest_benchmark pytest_cov pytest_django"
    " pytest_html pytest_metadata pytest_mock pytest_randomly pytest_rerunfailures pytest_subtests pytest_timeout nose2 _hypothesis_pytestplugin",
    "standard": "__future__ _asyncio _bisect _blake2 _bz2 _colorize _compat_pickle _compression _contextvars _csv _datetime _decimal _elementtree _hashlib"
    " _heapq _json _lsprof _lzma _opcode _pickle _posixsubprocess _queue _random _sha512 _socket _sqlite3 _ssl _statistics _strptime _struct _typing _uuid"
    " _weakrefset _zoneinfo argparse array ast asyncio base64 bdb binascii bisect bz2 cProfile calendar cmd code codeop collections concurrent configparser"
    " contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis doctest email encodings enum fcntl fnmatch fractions functools getpass"
    " gettext glob gzip hashlib heapq html importlib inspect ipaddress json keyword linecache locale logging lzma math multiprocessing netrc numbers opcode"
    " operator optparse pathlib pdb pickle pkgutil platform pprint profile pstats pyexpat queue quopri random re readline reprlib select selectors shlex"
    " shutil signal socket sqlite3 ssl statistics string struct subprocess sysconfig tempfile textwrap threading timeit token tokenize tomllib traceback"
    " types typing unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo",
}
_TOOLS = frozenset(_NAMES["tools"].split())
_WORDS = frozenset({"coverage", "hypothesis", "packaging"})
"""Tools whose names are words too: they are meant only right below where modules are looked for, like `src`."""
_STANDARD = frozenset(_NAMES["standard"].split())
"""Modules of Python's own that pytest, coverage.py and Hypothesis import, and that do not lie within Python itself: no test runs where they are another's."""
_INSTALLED = re.compile(r"(?:.*/)?(?:node_modules|site-packages|\.?venv/(?:bin|lib|lib64|Scripts)|vendor/(?:bin|phpunit|pestphp))/.+")
_CLASSES = re.compile(
    r"(?:.*/)?((?:org/(?:junit|testng|hamcrest|mockito|assertj|spockframework|scalatest)|junit/framework|io/kotest))/(?:.*/)?[^/]+"
    r"\.(?:java|kt|groovy|scala|class)"
)
"""What lies in a package of the tools' own is found before theirs: a product's classes stand before those of what it depends on."""
_LIBRARIES = re.compile(
    r"(?:.*/)?lib/(?:(rspec|simplecov|minitest(?:/(?:autorun|test|unit|spec|mock|assertions|\w+_plugin))?|test/unit)\.rb"
    r"|(rspec/(?:core|expectations|mocks|support)|simplecov|test/unit)(?:/.*)?\.rb"
    r"|(Test/(?:More|Simple|Builder|Harness|Most|Deep|Exception|Class)|Test2|TAP)(?:/.*)?\.pm)"
)
"""What Ruby and Perl find before what is installed, as tests are run with `lib` in front; Minitest loads what is called like its plug-ins."""
_ORDERS = tuple(
    names.split()
    for names in (
        "GNUmakefile makefile Makefile", "rakefile Rakefile rakefile.rb Rakefile.rb", "build.gradle build.gradle.kts", "settings.gradle settings.gradle.kts",
        "compose.yaml compose.yml docker-compose.yml docker-compose.yaml", "Taskfile.yml taskfile.yml Taskfile.yaml taskfile.yaml",
    )
)  # fmt: skip
"""Names of which a program takes the first that is there: make, Rake, Gradle, Docker Compose and Task, by their manuals."""


def preferred(path: PurePosixPath, product: Collection[str], before: Collection[str]) -> str | None:
    """The file that a new one is read instead of, beside which it lies; None if there is none.

    Parameters
    ----------
    product: the paths of the product; what is no longer there, nothing is read instead of.
    before: those that it had before.

    """
    order = next((names for names in _ORDERS if path.name in names), [])
    rest = (str(path.with_name(name)) for name in order[order.index(path.name) + 1 :]) if order and str(path) not in before else ()
    return next((one for one in rest if one in product and one in before), None)


def installed(path: str) -> bool:
    """Whether a file lies where tools are installed, which nobody writes by hand: what lies there is run as one of them."""
    return _INSTALLED.fullmatch(path) is not None


def hidden(path: PurePosixPath, product: frozenset[str], tests: Collection[str]) -> str | None:
    """The module, or the package of classes, that a file is found instead of, under its plain name; None if there is none.

    Parameters
    ----------
    product: the paths of the product; within a package of it, a module hides none.
    tests: what the folders are called in which tests lie.

    """
    if found := _CLASSES.fullmatch(str(path)) or _LIBRARIES.fullmatch(str(path)):
        return next(name for name in found.groups() if name)
    module = _MODULE.fullmatch(path.name)
    if module is None:
        return None
    parts = (*path.parts[:-1], module[1])
    for place, part in enumerate(parts):
        near = place < 2 and (part in _WORDS or part in tests)
        if (part in _TOOLS or near) and _open(parts[:place], product):
            return part
    *folder, name = parts[:-1] if module[1] == "__init__" and len(parts) > 1 else parts
    return name if name in _STANDARD and _looked_in(tuple(folder), product) else None


def _open(folder: tuple[str, ...], product: frozenset[str]) -> bool:
    """Whether a module right in a folder may be found under its plain name: no package is around it, or one that is none by custom."""
    return not folder or folder[-1] == "src" or "/".join((*folder, "__init__.py")) not in product


def _looked_in(folder: tuple[str, ...], product: frozenset[str]) -> bool:
    """Whether modules are looked for in a folder, as far as can be told: the top, `src`, or what holds packages and is none."""
    if not folder or folder[-1] == "src":
        return True
    return len(folder) == 1 and _open(folder, product) and folder[0] in _holding(product)


@lru_cache(maxsize=2)
def _holding(product: frozenset[str]) -> frozenset[str]:
    """The topmost folders that hold packages; asked of every file of a product, and the same for all."""
    packages = (path.split("/") for path in product if path.endswith("/__init__.py"))
    return frozenset(parts[0] for parts in packages if len(parts) == 3)
