"""Who could help: the social workers who are there for a file, with what they carry already."""

from datetime import date

from django.db.models import Count, Q, QuerySet

from casework.models import CaseFile
from casework.models.case_files import Status
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.permissions import Role
from risk_levels.levels import Level


def units_above(unit: Unit) -> list[str]:
    """The codes of the unit and of everything that it lies in."""
    return [unit.code[:digits].ljust(12, "0") for digits in Unit.DIGITS.values()]


def candidates(case_file: CaseFile, today: date) -> QuerySet[User]:
    """Social workers whose grant reaches the file, those who carry least first."""
    grants = RoleGrant.objects.in_force(today).filter(
        role=Role.SOCIAL_WORKER, unit__code__in=units_above(case_file.unit)
    )
    reached = [
        user
        for user, populations in grants.values_list("user_id", "populations")
        if not populations or case_file.population in populations
    ]
    carried = Q(assignments__until_on__isnull=True, assignments__case_file__status=Status.OPEN)
    is_red = Q(assignments__case_file__risk_level__level=Level.RED)
    return (
        User.objects.filter(pk__in=reached, is_active=True)
        .select_related("unit")
        .annotate(
            files=Count("assignments", filter=carried),
            red=Count("assignments", filter=carried & is_red),
        )
        .order_by("red", "files", "username")
    )
