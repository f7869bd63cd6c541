"""The app of people, case files, support, visits, plans, ledgers and reports."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    """Everything about the people that this is for."""

    name = "casework"
    label = "casework"

    def ready(self) -> None:
        """Tell the log's pages what fields of each population and reasons are called."""
        from audit import labels
        from casework.forms.case_files import RevealForm
        from risk_levels.populations import POPULATIONS

        for population in POPULATIONS.values():
            for field in population.fields:
                labels.GROUPS.setdefault(f"case_file.{field.code}", field.label)
        labels.REASONS.update(RevealForm.REASONS)
