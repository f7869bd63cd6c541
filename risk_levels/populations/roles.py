"""The places in a team, named once."""

from django.utils.translation import gettext_lazy as _

from risk_levels.populations.parts import TeamRole

SOCIAL_WORKER = TeamRole("social_worker", _("Social worker"), is_ours=True)
JUDICIAL_OFFICE = TeamRole("judicial_office", _("Officer of the judicial office"))
VILLAGE = TeamRole("village", _("Village or residents' committee"))
FAMILY = TeamRole("family", _("Family member or guardian"))
JUVENILE_SPECIALIST = TeamRole("juvenile_specialist", _("Somebody who knows minors"))
VOLUNTEER = TeamRole("volunteer", _("Volunteer"))
DOCTOR = TeamRole("prevention_doctor", _("Mental-health prevention doctor"))
POLICE = TeamRole("police", _("Community police officer"))
CIVIL_AFFAIRS = TeamRole("civil_affairs", _("Civil affairs or Disabled Persons' Federation"))
DRUG_WORKER = TeamRole("drug_worker", _("Full-time drug rehabilitation worker"))
COMMUNITY_MEDIC = TeamRole("community_medic", _("Community medical worker"))
CHILD_DIRECTOR = TeamRole("child_director", _("Village child director"))
CHILD_SUPERVISOR = TeamRole("child_supervisor", _("Township child supervisor"))
SCHOOL = TeamRole("school", _("Class teacher or school"))
CARER = TeamRole("carer", _("Guardian or entrusted carer"))
FAMILY_DOCTOR = TeamRole("family_doctor", _("Family doctor"))
NEIGHBOUR = TeamRole("neighbour", _("Paired volunteer or neighbour"))
SUPPORTER = TeamRole("supporter", _("Supporting family member, as a contact"))
