"""Of a run with mutants (tests/mutants): the databases, made once, and what became of them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """Every run of this process and of its children makes its databases here."""
    from tests import databases

    if not hasattr(databases, "make_once"):
        databases.make_once = databases.make  # kept on the module: each mutant is a fork of it
        databases.make = copied(databases.make)


def copied(make_once: Callable[[], dict[str, str]]) -> Callable[[], dict[str, str]]:
    """Migrating takes longer than most mutants live: they begin with what the first run made."""
    from tests import databases, settings

    def make() -> dict[str, str]:
        names = databases._names()
        kept = {alias: settings.TEST_DIR / f"{alias}.untouched" for alias in names}
        if not all(path.exists() for path in kept.values()):
            made = make_once()
            for alias, template in made.items():
                shutil.copyfile(template, kept[alias])
            return made
        templates = {alias: databases._beside(name, "template") for alias, name in names.items()}
        databases.remove(templates)
        for alias, template in templates.items():
            for name in (names[alias], template):
                shutil.copyfile(kept[alias], Path(name))
        return templates

    return make


# --- what became of them, asked as a program in the tree in which they lived

ALIKE = Path(__file__).with_name("mutants_alike.txt")
SURVIVED, NOT_RUN = 0, None


def survivors() -> tuple[list[str], int]:
    """Those that no test noticed, and how many there were."""
    codes: dict[str, int | None] = {}
    for place in sorted(Path("mutants").rglob("*.py.meta")):
        codes |= json.loads(place.read_text(encoding="utf-8"))["exit_code_by_key"]
    run = [name for name, code in codes.items() if code is not NOT_RUN]
    return [name for name in run if codes[name] == SURVIVED], len(run)


def change(name: str, mutmut: str) -> str:
    """The line that a mutant has instead of another one."""
    shown = subprocess.run(
        [mutmut, "show", name], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    new = [line[1:].strip() for line in shown if line[:1] == "+" and line[:3] != "+++"]
    return f"{name.rpartition('__mutmut_')[0]}: {' '.join(new)}"


def told(mutmut: str) -> Iterator[str]:
    """Who survived although it is not alike."""
    alike = ALIKE.read_text(encoding="utf-8").splitlines()
    left, run = survivors()
    changes = [change(name, mutmut) for name in left]
    strangers = [each for each in changes if each not in alike]
    yield from strangers
    yield f"{run} mutants, {run - len(left)} killed, {len(left) - len(strangers)} alike"
    if strangers:
        yield f"{len(strangers)} survived"


if __name__ == "__main__":
    words = list(told(sys.argv[1]))
    sys.stdout.write("\n".join([*words, ""]))
    sys.exit(words[-1].endswith("survived"))
