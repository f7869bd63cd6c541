"""The house rules (kpm/docs/architecture.md) that a machine can look for in the code."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.utils.translation import override

from kpm.fsm import GuardedStateField
from kpm.management.documents import routes
from kpm.permissions import access_of
from risk_levels.populations import POPULATIONS
from tests.architecture.sources import (
    APPS,
    ROOT,
    Module,
    calls,
    decorators,
    functions,
    modules,
    tracked,
)

FORBIDDEN_NAMES = {
    *("util", "utils", "helper", "helpers", "common", "manager", "managers", "service", "services"),
    *("data", "info", "misc", "core", "base", "admin", "signals", "receivers"),
}
LONGEST_MODULE = 400
# Statements: about twenty lines, however the formatter spreads them.
LONGEST_VIEW = 14
# Rows that belong to the site and not to somebody in a case file: whoever may open the page at
# all sees all of them. Everything else is fetched through what is visible to the user.
UNSCOPED = {"Unit", "User", "RoleGrant", "RuleSet", "LoggedEvent", "Job", "Sweep"}
# What no case file may ever hold (domain rule R08): faith, politics, ethnicity, petitions,
# stability keeping, military past, sects, HIV, biometrics, tracks of where somebody was.
NEVER_ASKED = re.compile(
    "宗教|信仰|政治|党派|民族|信访|上访|维稳|涉军|邪教|艾滋|人脸|指纹|声纹|定位|轨迹"
    r"|religio|\bfaith|politic|\bparty\b|ethnic|nationalit|petition|\bsect\b|\bhiv\b|\baids\b"
    r"|face recogn|\bface (image|id|print)|fingerprint|voice ?print|biometr|\bgps\b"
    r"|location track|\btrack(s|ing)?\b",
    re.IGNORECASE,
)
# What looks at the clock: views, what they draw, commands, background work, sessions' timers.
CLOCKS = {"views", "templatetags", "commands", "middleware", "sessions", "submissions", "jobs"}
# The role that a signed-in user has is the role of today; logs say when they were written.
ASKS_TODAY = {"kpm.accounts.models", "audit.entries", "kpm.replay_log"}


def test_modules_are_named_after_what_they_hold():
    assert [m.name for m in modules() if m.name.split(".")[-1] in FORBIDDEN_NAMES] == [
        # Django looks for an engine's wrapper under this name.
        "kpm.database.sqlite.base"
    ]


def test_no_module_is_longer_than_somebody_reads_at_once():
    long = {m.name: lines for m in modules() if (lines := m.text.count("\n")) > LONGEST_MODULE}
    assert long == {}


def test_nobody_processes_things():
    named = [
        module.at(function)
        for module in modules()
        for function in functions(module)
        if function.name.startswith(("process_", "handle_", "do_"))
    ]
    assert named == []


def imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def test_signals_are_heard_around_migrations_only():
    heard = [
        module.name
        for module in modules()
        for _node, name in imports(module)
        if ".signals" in name or name.startswith("django.dispatch")
    ]
    assert set(heard) == {"kpm.database.migrations"}


def test_there_is_no_admin_and_no_model_form():
    found = [
        module.at(node)
        for module in modules()
        for node, name in imports(module)
        if "django.contrib.admin" in name or "ModelForm" in name or "modelform" in name
    ]
    assert found == []


def test_only_the_vault_overrides_save():
    overriding = [
        module.at(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
        and node.name == "save"
        and not module.name.startswith("kpm.vault.")
        # A session store is no model: saving is what Django calls it for.
        and module.name != "kpm.accounts.sessions"
    ]
    assert overriding == []


def manager_of(node: ast.AST) -> str:
    """`CaseFile` for `CaseFile.objects` and its relatives, empty for anything else."""
    managers = {"objects", "_default_manager", "_base_manager"}
    if isinstance(node, ast.Attribute) and node.attr in managers:
        owner = node.value
        return str(getattr(owner, "id", None) or getattr(owner, "attr", None) or "somebody")
    return ""


def scoped_in(function: ast.AST) -> set[ast.AST]:
    """What of a function goes through CaseFile.objects.visible_to(…) or get_visible(…, user)."""
    scoped: set[ast.AST] = set()
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute | ast.Name):
            if getattr(call.func, "attr", "") == "visible_to":
                scoped.update(ast.walk(call.func))
            if getattr(call.func, "id", "") == "get_visible" and call.args:
                scoped.update(ast.walk(call.args[0]))
    # A queryset may have had a name before it was handed over.
    names = {node.id for node in scoped if isinstance(node, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and {getattr(t, "id", "") for t in node.targets} & names:
            scoped.update(ast.walk(node.value))
    return scoped


def test_views_fetch_only_what_is_visible_to_the_user():
    around = []
    for module in modules():
        if not module.has_part("views"):
            continue
        scoped = {node for function in functions(module) for node in scoped_in(function)}
        around += [
            f"{module.at(node)} {owner}"
            for node in ast.walk(module.tree)
            if (owner := manager_of(node)) and owner not in UNSCOPED and node not in scoped
        ]
    assert around == []


def asked(*names: str) -> list[str]:
    """Where the product asks anything for an attribute of one of these names."""
    return [
        f"{module.at(node)} {node.attr}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in names
    ]


def test_nobody_takes_rows_from_a_manager_without_a_name():
    # What decides about rows is looked for at `objects`, in views and in everything below them.
    assert asked("_default_manager", "_base_manager") == []


def test_only_kpm_database_knows_which_engine_is_underneath():
    assert [each for each in asked("vendor") if not each.startswith("kpm/database/")] == []


def test_only_the_log_goes_through_the_sequencers_door():
    named = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value == "sequencer"
    }
    assert named == {
        *("audit.checkpoints", "kpm.settings", "kpm.database.readiness"),
        *("kpm.database.routers", "kpm.database.sqlite.base"),
    }
    using = {
        module.name
        for module in modules()
        for _node, name in imports(module)
        if name in ("audit.checkpoints.DATABASE", "kpm.database.readiness.SEQUENCER")
    }
    assert using == {"audit.actions"}


def guarded_names() -> set[str]:
    return {
        field.name
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, GuardedStateField)
    }


def test_states_and_levels_are_never_set_past_their_transitions():
    guarded = guarded_names()
    assert {"level", "state"} <= guarded
    past = []
    # A job's state is no state of a workflow: workers claim it by conditional updates.
    for module in [each for each in modules() if not each.name.startswith("kpm.jobs.")]:
        for call, name in calls(module):
            words = {keyword.arg for keyword in call.keywords}
            if name in ("update", "update_or_create") and words & guarded:
                past.append(module.at(call))
            if name == "bulk_update":
                strings = {n.value for n in ast.walk(call) if isinstance(n, ast.Constant)}
                past += [module.at(call)] * bool(strings & guarded)
    assert past == []


def test_every_view_declares_who_may_use_it():
    silent = [route.address for route in routes() if access_of(route.view) is None]
    assert silent == []
    # The walk goes into included URL modules: an address of each app is among them.
    seen = {route.name.partition(":")[0] for route in routes()}
    assert {"accounts", "audit", "casework", "home"} <= seen


def test_views_are_short():
    long = {}
    for module in modules():
        if not module.has_part("views"):
            continue
        for function in functions(module):
            if not decorators(function) & {"requires", "public"}:
                continue
            # Without the function itself and its docstring.
            statements = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 2
            if statements > LONGEST_VIEW:
                long[module.at(function)] = statements
    assert long == {}


def owner_of(call: ast.Call) -> str:
    """`timezone` for `timezone.now()`."""
    return str(getattr(getattr(call.func, "value", None), "id", ""))


def test_now_is_an_argument_below_views_and_commands():
    looking = [
        module.at(call)
        for module in modules()
        if module.name not in ASKS_TODAY and not any(module.has_part(part) for part in CLOCKS)
        for call, name in calls(module)
        if (name in ("localdate", "localtime") and not call.args)
        or (
            name in ("now", "today", "utcnow")
            and owner_of(call) in ("timezone", "datetime", "date")
        )
    ]
    assert looking == []


def actions() -> Iterator[tuple[Module, ast.FunctionDef]]:
    for module in modules():
        if module.has_part("actions"):
            for function in functions(module):
                if not function.name.startswith("_"):
                    yield module, function


def test_who_acts_is_always_said_by_name():
    # by=request.user reads as what it is.
    wrong = [
        f"{module.at(function)} {function.name}"
        for module, function in actions()
        if "by" in {argument.arg for argument in function.args.args}
    ]
    assert wrong == []


@pytest.mark.parametrize("app", APPS)
def test_templates_need_no_exception_from_the_content_security_policy(app: str):
    wrong = []
    for path in sorted((ROOT / app).rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if "pdf" in path.parts or "reports" in path.parts:
            # Printed, never sent to a browser.
            continue
        for what, pattern in {
            "inline style": r"<style|\sstyle\s*=",
            "inline script": r"<script(?![^>]*\ssrc=)|\son[a-z]+\s*=",
            "unescaped text": r"\|\s*safe\b|autoescape\s+off",
            "foreign address": r"(src|href|action)\s*=\s*[\"']?(https?:)?//",
        }.items():
            wrong += [
                f"{path.relative_to(ROOT)}: {what}: {found.group(0)}"
                for found in re.finditer(pattern, text, re.IGNORECASE)
            ]
    assert wrong == []


def test_nothing_names_a_place_on_one_machine_or_a_plain_http_address():
    here = str(ROOT)
    plain = re.compile(
        r"http://(?!127\.0\.0\.1|localhost|testserver|www\.w3\.org|schemas\.openxmlformats|\{)[\w.-]+\.\w+"
    )
    found = []
    for path in tracked():
        if path.suffix in {".xlsx", ".png", ".pdf", ".mo"} or "vectors" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        # A line of its own, so that this one does not find itself.
        if here in text or any(f"/{place}/" in text for place in ("home", "root")):
            found.append(f"{path.relative_to(ROOT)}: a path of one machine")
        # Tests hand in hostile addresses on purpose.
        if path.suffix != ".md" and not path.is_relative_to(ROOT / "tests"):
            found += [f"{path.relative_to(ROOT)}: {hit}" for hit in plain.findall(text)]
    assert found == []


def test_no_test_is_skipped_and_nothing_is_left_for_later():
    # Put together, so that this line does not find itself.
    words = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "HA" + "CK", "X" * 3]) + r")\b"
        r"|mark\.(" + "sk" + r"ip|xf" + r"ail)|pytest\.(" + "sk" + r"ip|xf" + r"ail)|no" + " cover"
    )
    left = [
        f"{path.relative_to(ROOT)}: {found.group(0)}"
        for path in tracked()
        if path.suffix in {".py", ".html", ".js", ".css", ".sh", ".md", ".toml"}
        for found in words.finditer(path.read_text(encoding="utf-8"))
    ]
    assert left == []


def test_every_exception_from_a_machine_says_why():
    bare = re.compile(
        r"# (noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?|fmt: (skip|off))$", re.MULTILINE
    )
    silent = [
        f"{path.relative_to(ROOT)}: {found.group(0)}"
        for path in tracked()
        if path.suffix == ".py"
        for found in bare.finditer(path.read_text(encoding="utf-8"))
    ]
    assert silent == []


def test_no_exception_is_made_from_a_machine_that_does_not_look():
    """Types are checked in what is shipped (pyproject.toml): an ignore in a test hides nothing."""
    ignored = re.compile(r"# type[:] ignore")
    idle = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py"
        and "tests" in path.relative_to(ROOT).parts
        and ignored.search(path.read_text(encoding="utf-8"))
    ]
    assert idle == []


def test_no_test_asks_how_long_something_took():
    clock = re.compile(r"^ *assert .*\b(monotonic|perf_counter|process_time)\(\) - ", re.MULTILINE)
    timed = [path for path in tracked() if path.suffix == ".py" and clock.search(path.read_text())]
    assert timed == []


def said_of_fields() -> Iterator[tuple[str, str]]:
    """Where a field is declared, and every name and label that it has."""
    for module in modules():
        if not any(module.has_part(part) for part in ("models", "forms", "instruments")):
            continue
        for node in ast.walk(module.tree):
            body = node.body if isinstance(node, ast.ClassDef) else []
            for item in body:
                if isinstance(item, ast.Assign | ast.AnnAssign):
                    inside = list(ast.walk(item))
                    words = [n.id for n in inside if isinstance(n, ast.Name)]
                    words += [str(n.value) for n in inside if isinstance(n, ast.Constant)]
                    yield module.at(item), " ".join(words).replace("_", " ")
    for population in POPULATIONS.values():
        for field in population.fields:
            with override("zh-hans"):
                words = [field.code.replace("_", " "), str(field.label), *field.headings]
            with override("en"):
                yield f"{population.code}.{field.code}", " ".join([*words, str(field.label)])


def test_no_field_may_hold_what_nobody_should_ask():
    fields = list(said_of_fields())
    assert len(fields) > 100
    asked = [
        f"{where}: {found.group(0)}"
        for where, words in fields
        if (found := NEVER_ASKED.search(words))
    ]
    assert asked == []
