"""The laws that the fields rest on, named once."""

from django.utils.translation import gettext_lazy as _

from risk_levels.populations.parts import Basis

PIPL = _("Personal Information Protection Law")
CORRECTION = _("Community Corrections Law")
PRISON = _("Prison Law")
MENTAL_HEALTH = _("Mental Health Law")
DRUG_REHABILITATION = _("Drug Rehabilitation Regulations")
DRUG_CONTROL = _("Drug Control Law")
MINORS = _("Law on the Protection of Minors")
ELDERS = _("Law on the Protection of the Rights of the Elderly")

# Article 13(1)(1) and 29: consent, given separately for what is sensitive.
CONSENT = Basis(PIPL, "13(1)(1), 29")
# Article 13(1)(3): what is necessary for a duty laid down by law.
DUTY = Basis(PIPL, "13(1)(3)")
# Article 13(1)(4): emergencies that threaten life, health or property.
EMERGENCY = Basis(PIPL, "13(1)(4)")
