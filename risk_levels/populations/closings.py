"""Reasons for which files of any population are closed."""

from django.utils.translation import gettext_lazy as _

from risk_levels.populations.parts import Closing

DECEASED = Closing("deceased", _("The person has died"))
MOVED = Closing("moved", _("Moved away and handed over"))
DECLINED = Closing("declined", _("The person declined the service"))
CUSTODY = Closing("custody", _("In custody again"))
