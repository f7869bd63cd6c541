"""Guards of every history table: what was, stays."""

from django.apps import apps

from kpm.database.guards import Guard, append_only


def _history_guards() -> list[Guard]:
    """Found through the models, so that no history is forgotten."""
    guards: list[Guard] = []
    for model in apps.get_models():
        # A history model points back at the model whose past it keeps.
        if not hasattr(model, "instance_type"):
            continue
        table = model._meta.db_table
        noun = f"{model._meta.app_label}_{model._meta.model_name}"
        guards += append_only(table, noun, (model._meta.pk.attname,))
    return guards


GUARDS: list[Guard] = _history_guards()
