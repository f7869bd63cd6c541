"""The files of the product, read once, for tests that look at the code itself."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("kpm", "audit", "risk_levels", "casework")


@dataclass(frozen=True)
class Module:
    """One Python file of the product: where it is, what it says, its tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """As Python would import it."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts).removesuffix(".__init__")

    def has_part(self, part: str) -> bool:
        """Whether it is, or lies in, a package of this name: views, actions, rules."""
        return part in self.name.split(".")

    def at(self, node: ast.AST) -> str:
        """Where something is, for a person who wants to go there."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the product but generated migrations."""
    paths = (path for app in APPS for path in sorted((ROOT / app).rglob("*.py")))
    found = []
    for path in paths:
        if "migrations" not in path.parts:
            text = path.read_text(encoding="utf-8")
            found.append(Module(path, text, ast.parse(text)))
    return tuple(found)


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the last name of what is called."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            target = node.func
            name = getattr(target, "attr", None) or getattr(target, "id", "")
            yield node, name


def functions(module: Module) -> Iterator[ast.FunctionDef]:
    """The functions at the top of a module."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node


def decorators(function: ast.FunctionDef) -> set[str]:
    """The names of a function's decorators, without modules and arguments."""
    names = set()
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(getattr(target, "attr", None) or getattr(target, "id", ""))
    return names


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project that is, or is about to be, in its history."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted(set(filter(None, listing.stdout.decode().split("\0"))))
    return tuple(path for name in names if (path := ROOT / name).is_file())


def forget() -> None:
    """Read again: the files have changed."""
    modules.cache_clear()
    tracked.cache_clear()
