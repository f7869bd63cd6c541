"""Every machine catches what it is there for: it is broken once, in a copy, and must say so."""

import re
import tomllib
from inspect import signature

import pytest

from tests.architecture import sources, test_house_rules
from tests.architecture.sources import ROOT
from tests.architecture.violations import (
    CONTRACTS,
    HOUSE_RULES,
    MACHINES,
    TESTS,
    Violation,
)
from tests.copies import Copy

# The walk through the addresses needs a process of its own: these are read once.
VIEWS = "test_every_view_declares_who_may_use_it"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def each(table: dict[str, list[Violation]]) -> list[object]:
    return [
        pytest.param(name, violation, id=f"{name}-{violation}".replace("::", ":"))
        for name, violations in table.items()
        for violation in violations
    ]


@pytest.mark.parametrize(("contract", "violation"), each(CONTRACTS))
def test_an_import_contract_is_broken_by(copy: Copy, contract: str, violation: Violation):
    with copy.planted(violation.path, violation.lines):
        done = copy.run("lint-imports", "--no-logo", "--contract", contract)
    assert done.returncode == 1, done.stdout
    assert "1 broken" in done.stdout
    assert violation.said in done.stdout


@pytest.mark.parametrize(("machine", "violation"), each(MACHINES))
def test_a_machine_catches(copy: Copy, machine: str, violation: Violation):
    if machine == "coverage":
        # As if the suites had run and had reached next to nothing.
        copy.run("coverage", "run", "manage.py", "--version")
    with copy.planted(violation.path, violation.lines):
        done = copy.run("tests/check.sh", machine)
    assert done.returncode == 1, done.stdout
    assert f"1 of 1 failed: {machine}" in done.stdout
    assert violation.said in done.stdout


@pytest.mark.parametrize("violation", TESTS, ids=str)
def test_pytest_does_not_let_pass(copy: Copy, violation: Violation):
    with copy.planted(violation.path, violation.lines):
        done = copy.run("python", "-m", "pytest", "-q", violation.path)
    assert done.returncode != 0
    assert violation.said in done.stdout


@pytest.mark.parametrize(("rule", "violation"), HOUSE_RULES.items())
def test_a_house_rule_is_broken_by(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, rule: str, violation: Violation
):
    for module in (sources, test_house_rules):
        monkeypatch.setattr(module, "ROOT", copy.place)
    check = getattr(test_house_rules, rule)
    given = (
        {"app": violation.path.partition("/")[0]} if "app" in signature(check).parameters else {}
    )
    with copy.planted(violation.path, violation.lines):
        sources.forget()
        with pytest.raises(AssertionError, match=re.escape(violation.said)):
            check(**given)
    sources.forget()


def test_a_view_that_declares_nothing_is_found_in_an_included_module(copy: Copy):
    silent = "\nurlpatterns += [path('open/', lambda request: None)]\n"
    with copy.planted("casework/urls.py", silent):
        done = copy.run("python", "-m", "pytest", "-q", "-k", VIEWS, "tests/architecture")
    assert "/open/" in done.stdout
    assert "1 failed" in done.stdout


def test_every_contract_every_machine_and_every_house_rule_is_broken_once():
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    assert set(CONTRACTS) == {contract["id"] for contract in contracts}

    check = (ROOT / "tests" / "check.sh").read_text(encoding="utf-8")
    (quick,) = re.findall(r"^quick=\((.*)\)$", check, re.MULTILINE)
    assert set(MACHINES) == {*quick.split(), "coverage"}

    rules = {name for name in vars(test_house_rules) if name.startswith("test_")}
    assert {*HOUSE_RULES, VIEWS} == rules
