"""What each machine must catch: where it is planted, what, and what the machine then says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """Some lines at the end of a file (a new one, if it is not there)."""

    path: str
    lines: str
    said: str

    def __str__(self) -> str:
        return f"{self.path} {self.lines.strip().rpartition(chr(10))[2]}".strip()


# One for each contract, by its id in pyproject.toml.
CONTRACTS: dict[str, list[Violation]] = {
    "apps": [
        Violation("audit/log.py", "import casework.models\n", "audit is not allowed to import"),
        Violation("kpm/vault/keys.py", "import audit.events\n", "kpm.vault is not allowed"),
        Violation("kpm/vault/keys.py", "import kpm.jobs\n", "kpm.vault is not allowed"),
        Violation("risk_levels/rules.py", "import casework.rules\n", "risk_levels is not allowed"),
    ],
    "kpm": [
        Violation("kpm/permissions.py", "import kpm.accounts.models\n", "is not allowed to import"),
        Violation("kpm/helpers.py", "", "marked as 'exhaustive'"),
    ],
    "accounts": [
        Violation("kpm/accounts/models.py", "import kpm.accounts.actions\n", "models is not"),
    ],
    "vault": [
        Violation("kpm/vault/envelope.py", "import kpm.vault.fields\n", "envelope is not"),
    ],
    "custody": [Violation("kpm/custody/kinds.py", "import kpm.custody.views\n", "kinds is not")],
    "jobs": [Violation("kpm/jobs/models.py", "import kpm.jobs.workers\n", "models is not")],
    "audit": [Violation("audit/models.py", "import audit.log\n", "models is not")],
    "risk_levels": [
        Violation("risk_levels/levels.py", "import risk_levels.models\n", "levels is not"),
        Violation("risk_levels/populations/drug.py", "import risk_levels.rules\n", "is not"),
    ],
    "casework": [
        Violation("casework/models/visits.py", "import casework.rules\n", "models is not"),
        Violation("casework/actions/visits.py", "import casework.views.visits\n", "actions is"),
        Violation("casework/actions/utils.py", "import casework.forms\n", "actions is not"),
        Violation("casework/shortcuts.py", "", "marked as 'exhaustive'"),
    ],
    "cryptography": [
        Violation("audit/log.py", "from cryptography.hazmat import primitives\n", "audit.log"),
    ],
    "pkcs11": [Violation("kpm/vault/keys.py", "import pkcs11\n", "kpm.vault.keys -> pkcs11")],
    "weasyprint": [Violation("casework/rules.py", "import weasyprint\n", "casework.rules")],
    "workbooks": [
        Violation("casework/rules.py", "import python_calamine\n", "casework.rules"),
        Violation("casework/rules.py", "import xlsxwriter\n", "casework.rules"),
        Violation("casework/rules.py", "import openpyxl\n", "casework.rules"),
    ],
    "icalendar": [Violation("casework/rules.py", "import icalendar\n", "casework.rules")],
    "optimizers": [
        Violation("casework/matching.py", "import numpy\n", "casework.matching -> numpy"),
        Violation("casework/rules.py", "import scipy\n", "casework.rules -> scipy"),
    ],
    "django_fsm": [Violation("casework/rules.py", "import django_fsm\n", "casework.rules")],
    "simple_history": [
        Violation("casework/rules.py", "from simple_history import models\n", "casework.rules"),
    ],
}

# One for each machine of tests/check.sh, by the name of its function.
MACHINES: dict[str, list[Violation]] = {
    "ruff": [
        Violation("casework/caseload.py", "import random\n", "TID251"),
        Violation("casework/caseload.py", "from .models import Visit\n", "TID252"),
        Violation("casework/caseload.py", "print('hello')\n", "T201"),
        Violation("casework/rules.py", "from django.contrib import admin\n", "TID251"),
    ],
    "format": [Violation("casework/caseload.py", "x  =  {'a' :1}\n", "caseload.py")],
    "types": [Violation("kpm/ids.py", "\nNUMBER: int = 'one'\n", "Incompatible types")],
    "templates": [Violation("kpm/templates/planted.html", "<div><p>Text</div>\n", "H025")],
    "imports": [Violation("audit/log.py", "import casework.models\n", "BROKEN")],
    "migrations": [
        Violation(
            "kpm/accounts/models.py",
            "\nUnit.add_to_class('planted', models.IntegerField(null=True))\n",
            "planted",
        ),
    ],
    "deploy": [
        Violation("kpm/settings.py", "\nSECURE_HSTS_SECONDS = 0\n", "security.W004"),
        Violation("kpm/urls.py", "\nurlpatterns.append(path('open/', print))\n", "kpm.E001"),
    ],
    "docs": [Violation("kpm/docs/permissions.md", "And more.\n", "Out of date: permissions.md")],
    "shell": [Violation("deploy/test", "echo $1\n", "SC2086")],
    "messages": [
        Violation(
            "casework/rules.py",
            "\n\ndef planted() -> str:\n    return _('Planted, and never translated')\n",
            "Planted, and never translated",
        ),
        Violation(
            "kpm/locale/zh_Hans/LC_MESSAGES/django.po",
            '\nmsgid "Planted"\nmsgstr "种下"\n',
            "no page says this any more",
        ),
        Violation(
            "kpm/locale/zh_Hans/LC_MESSAGES/django.po",
            '\n#, fuzzy\nmsgid "Guessed"\nmsgstr "猜测"\n',
            "a guess, to be looked at",
        ),
    ],
    "coverage": [Violation("casework/caseload.py", "", "is less than fail-under=95")],
}

# What pytest itself must not let pass.
TESTS = [
    Violation(
        "tests/planted/test_warning.py",
        "import warnings\n\n\ndef test_a():\n    warnings.warn('planted', stacklevel=1)\n",
        "UserWarning: planted",
    ),
    Violation(
        "tests/planted/test_marker.py",
        "import pytest\n\n\n@pytest.mark.planted\ndef test_a():\n    pass\n",
        "'planted' not found in `markers`",
    ),
    Violation(
        "tests/planted/test_commits.py",
        "import pytest\n\n\n@pytest.mark.django_db(transaction=True)\ndef test_a():\n    pass\n",
        "Use the fixture real_commits",
    ),
]

# One for each test of test_house_rules.py.
HOUSE_RULES: dict[str, Violation] = {
    "test_modules_are_named_after_what_they_hold": Violation(
        "casework/actions/utils.py", "", "utils"
    ),
    "test_no_module_is_longer_than_somebody_reads_at_once": Violation(
        "casework/rules.py", "\n" * 400, "casework.rules"
    ),
    "test_nobody_processes_things": Violation(
        "casework/rules.py", "def process_file() -> None: ...\n", "casework/rules.py"
    ),
    "test_signals_are_heard_around_migrations_only": Violation(
        "casework/rules.py", "from django.db.models.signals import post_save\n", "casework.rules"
    ),
    "test_there_is_no_admin_and_no_model_form": Violation(
        "casework/rules.py", "from django.forms import ModelForm\n", "casework/rules.py"
    ),
    "test_only_the_vault_overrides_save": Violation(
        "casework/rules.py", "class A:\n    def save(self) -> None: ...\n", "casework/rules.py"
    ),
    "test_views_fetch_only_what_is_visible_to_the_user": Violation(
        "casework/views/visits.py",
        "\n\ndef planted(number):\n    return CaseFile.objects.get(number=number)\n",
        "CaseFile",
    ),
    "test_nobody_takes_rows_from_a_manager_without_a_name": Violation(
        "casework/rules.py",
        "\n\ndef planted():\n    return CaseFile._default_manager.all()\n",
        "casework/rules.py",
    ),
    "test_only_kpm_database_knows_which_engine_is_underneath": Violation(
        "kpm/jobs/leases.py",
        "\n\ndef planted():\n    return connection.vendor\n",
        "kpm/jobs/leases.py",
    ),
    "test_only_the_log_goes_through_the_sequencers_door": Violation(
        "casework/rules.py",
        '\n\ndef planted():\n    return CaseFile.objects.using("sequencer")\n',
        "casework.rules",
    ),
    "test_states_and_levels_are_never_set_past_their_transitions": Violation(
        "casework/rules.py",
        "\n\ndef planted(rows):\n    rows.update(level='red')\n",
        "casework/rules.py",
    ),
    "test_views_are_short": Violation(
        "casework/views/visits.py",
        "\n\n@public\ndef planted(request):\n" + "    request.user\n" * 21,
        "casework/views/visits.py",
    ),
    "test_now_is_an_argument_below_views_and_commands": Violation(
        "casework/rules.py", "\n\ndef planted():\n    return timezone.now()\n", "casework/rules.py"
    ),
    "test_who_acts_is_always_said_by_name": Violation(
        "casework/actions/visits.py", "\n\ndef planted(visit, by):\n    pass\n", "planted"
    ),
    "test_templates_need_no_exception_from_the_content_security_policy": Violation(
        "kpm/templates/404.html", '<p style="color: red">Text</p>\n', "inline style"
    ),
    "test_nothing_names_a_place_on_one_machine_or_a_plain_http_address": Violation(
        "casework/rules.py", "# see http:" + "//planted.example.org/\n", "//planted.example.org"
    ),
    "test_no_test_is_skipped_and_nothing_is_left_for_later": Violation(
        "casework/rules.py", "# TO" + "DO planted\n", "casework/rules.py"
    ),
    "test_every_exception_from_a_machine_says_why": Violation(
        "casework/rules.py", "import os  # no" + "qa: F401\n", "casework/rules.py"
    ),
    "test_no_exception_is_made_from_a_machine_that_does_not_look": Violation(
        "tests/kpm/test_ids.py",
        "NUMBER = 'one'  # type: ig" + "nore[misc]  # planted\n",
        "test_ids.py",
    ),
    "test_no_test_asks_how_long_something_took": Violation(
        "tests/kpm/test_ids.py",
        "\n\ndef test_planted():\n    assert time.mono" + "tonic() - 1 < 2\n",
        "test_ids.py",
    ),
    "test_no_field_may_hold_what_nobody_should_ask": Violation(
        "casework/models/people.py",
        "\n\nclass Planted(models.Model):\n    religion = models.TextField()\n",
        "religio",
    ),
}
