"""The documents that come from the code say what the code says."""

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from kpm.management import documents
from kpm.management.commands import write_docs
from risk_levels.instruments import INSTRUMENTS


def test_the_generated_documents_are_current():
    call_command("write_docs", "--check")


def test_a_document_that_is_out_of_date_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(documents.DOCUMENTS, "permissions.md", lambda: "something else")
    with pytest.raises(CommandError, match=r"Out of date: permissions\.md\."):
        call_command("write_docs", "--check")


def test_writing_changes_only_what_is_out_of_date(tmp_path, settings, capsys):
    settings.BASE_DIR = tmp_path
    (tmp_path / "kpm").mkdir()
    call_command("write_docs")
    assert capsys.readouterr().out == "".join(f"Wrote {name}.\n" for name in documents.DOCUMENTS)
    (tmp_path / "kpm" / "docs" / "permissions.md").write_text("changed by hand")
    call_command("write_docs")
    assert capsys.readouterr().out == "Wrote permissions.md.\n"
    assert write_docs._says(tmp_path / "kpm" / "docs" / "permissions.md", documents.permissions())


def test_every_permission_and_every_state_is_told():
    assert "| record_visit | yes |" in documents.permissions()
    machines = documents.state_machines()
    assert "## risk_levels.RiskLevel.level" in machines
    assert "submitted --> approved: approve" in machines
    assert "Historical" not in machines


def test_every_question_is_told_in_both_languages_with_its_source_and_what_answers_do():
    text = documents.questionnaires()
    for instrument in INSTRUMENTS.values():
        assert f"`{instrument.code}`, version {instrument.version}." in text
        for item in (item for section in instrument.sections for item in section.items):
            assert f"| `{item.code}` |" in text
            for language in ("en", "zh-hans"):
                with override(language):
                    assert f"| {item.text} |" in text
                    assert f"| {item.source} |" in text
    assert "| `overdose` | An overdose, or use that may kill" in text
    assert "| yes → red |" in text
    assert "| some +1; urgent +3 |" in text
    assert "| yes −1 |" in text
    assert text.count("Not asked any more") == 1
