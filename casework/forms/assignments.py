"""What is filled in to give and take places in a team."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.actions.assignments import Chosen
from casework.dashboards.team_drafts import Row, TeamDraft
from casework.models.assignments import Place
from casework.models.stipulations import Stipulated
from kpm.accounts.forms import UserField
from kpm.accounts.models import User
from kpm.forms import ActionForm, SeenForm


class WorkerChoiceField(UserField):
    """A social worker who is there for the file, with how much they carry already."""

    def label_from_instance(self, obj: Any) -> str:
        """Name, unit, load."""
        load = _("files: %(files)d, red: %(red)d") % {"files": obj.files, "red": obj.red}
        return f"{obj.name} · {obj.unit} · {load}"


class AssignWorkerForm(SeenForm):
    """Who gets which place, in the team that stood on the page."""

    shared = ()
    changed = _("The team has changed since you opened the page. Look at it, then choose again.")

    role = forms.ChoiceField(
        label=_("Place in the team"), choices=Place.choices, widget=forms.RadioSelect
    )
    suggestion = forms.ChoiceField(
        label=_("Suggested"), widget=forms.RadioSelect, choices=(), required=False
    )
    worker = WorkerChoiceField(
        label=_("Social worker"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Choose somebody"),
        to_field_name="log_reference",
        help_text=_("Whoever holds the place of lead or deputy now gives it up today."),
    )

    def __init__(
        self,
        *args: Any,
        workers: Any,
        place: str = "",
        suggested: Sequence[tuple[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["worker"].queryset = workers
        fields["role"].initial = place
        if suggested:
            fields["worker"].label = _("Somebody else")
            fields["suggestion"].choices = [*suggested, ("", _("Somebody else, as chosen below"))]
        else:
            del fields["suggestion"]

    def clean(self) -> dict[str, Any]:
        """One worker, by a suggestion or by the list of all."""
        values = super().clean() or self.cleaned_data
        suggested = values.pop("suggestion", "")
        chosen = values.get("worker")
        if suggested and chosen and chosen.log_reference != suggested:
            self.add_error("worker", _("Choose one: the suggestion or somebody else."))
        elif suggested:
            workers: Any = self.fields["worker"]
            values["worker"] = workers.clean(suggested)
        elif not chosen and "worker" not in self.errors:
            self.add_error("worker", _("Choose one."))
        return values


class ConfirmDraftForm(ActionForm):
    """Who is to have the place in each file of a draft; the suggestion stands there first."""

    def __init__(self, *args: Any, draft: TeamDraft, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft
        for row in draft.rows:
            number = row.case_file.number
            self.fields[number] = forms.CharField(
                label=_("%(place)s of %(number)s") % {"place": row.place_label, "number": number},
                required=False,
                initial=self._suggested(row),
                widget=forms.Select(choices=self._offered(row)),
            )
            # The page says who leads the file each time that it is shown.
            self.fields[self.seen(number)] = forms.CharField(required=False)

    @staticmethod
    def seen(number: str) -> str:
        """The field that says who led a file when the page was made."""
        return f"seen-{number}"

    @staticmethod
    def _suggested(row: Row) -> str:
        """What stands in the field at first; nothing where the file stays with whom it has."""
        return row.suggested.user.log_reference if row.suggested and not row.stays else ""

    def _offered(self, row: Row) -> list[tuple[str, Any]]:
        """What can be chosen, with what was sent: it may not be among the best any more."""
        kept = next((each.label for each in row.choices if each.user == row.lead), "")
        offered: list[tuple[str, Any]] = [("", _("Nobody now"))]
        if row.lead:
            offered = [("", _("Leave it with %(who)s") % {"who": kept or row.lead.name})]
        offered += [
            (each.user.log_reference, each.label) for each in row.choices if each.user != row.lead
        ]
        sent = self.data.get(row.case_file.number, "") if self.is_bound else ""
        user = self.draft.users.get(sent)
        if user and sent not in dict(offered):
            offered.append((sent, user.name))
        return offered

    def rows(self) -> list[tuple[Row, forms.BoundField]]:
        """Each file with its field."""
        return [(row, self[row.case_file.number]) for row in self.draft.rows]

    def clean(self) -> dict[str, Any]:
        """The files for which somebody else is to lead."""
        values = super().clean() or self.cleaned_data
        chosen = []
        for row in self.draft.rows:
            number = row.case_file.number
            sent, seen = values.get(number, ""), values.get(self.seen(number), "")
            if not sent or sent == seen:
                continue
            worker = self.draft.users.get(sent)
            if worker is None:
                self.add_error(number, _("Choose one."))
            else:
                chosen.append(
                    Chosen(case_file=row.case_file, worker=worker, seen=seen, role=row.place)
                )
        if not chosen and not self.errors:
            self.add_error(None, _("Choose somebody for at least one file."))
        return {"chosen": chosen}


class MoveFilesForm(ConfirmDraftForm):
    """The same for everything that somebody leaves: what has changed since is told, not skipped."""

    def clean(self) -> dict[str, Any]:
        """All the files of the page, as they stood on it."""
        there = {row.case_file.number for row in self.draft.rows}
        data: Any = self.data
        if not there.issuperset(data.getlist("file")):
            self.add_error(
                None, _("Some of these files have changed hands meanwhile. Please look again.")
            )
        return super().clean()


class EndAssignmentForm(ActionForm):
    """Just a button."""


class StipulateForm(ActionForm):
    """One thing to heed when somebody is chosen."""

    kind = forms.ChoiceField(
        label=_("What is to be heeded"), choices=Stipulated.choices, widget=forms.RadioSelect
    )
    worker = WorkerChoiceField(
        label=_("Social worker"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody in particular"),
        to_field_name="log_reference",
    )

    def __init__(self, *args: Any, workers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["worker"]
        field.queryset = workers
