"""The laws and policies that the fields rest on, named once."""

from django.utils.translation import gettext_lazy as _

from risk_levels.populations.grounds import Basis

PIPL = _("Personal Information Protection Law")
CORRECTION = _("Community Corrections Law")
PRISON = _("Prison Law")
MENTAL_HEALTH = _("Mental Health Law")
DRUG_REHABILITATION = _("Drug Rehabilitation Regulations")
DRUG_CONTROL = _("Drug Control Law")
MINORS = _("Law on the Protection of Minors")
ELDERS = _("Law on the Protection of the Rights of the Elderly")

# Policies: no statute says this. Localities differ in it, and may set something else.
# Five years of support after a sentence; the text is not public.
RELEASED_POLICY = _("Policy on the support of released people (Zhongbanfa [2010] No. 5)")
# Who counts as left behind: both parents away, or one, and under sixteen.
CHILD_POLICY = _(
    "State Council opinions on the care and protection of left-behind children in rural areas "
    "(Guofa [2016] No. 13)"
)
# High, middle and low; provinces call them A, B, C1 and C2.
DRUG_CLASSES = _(
    "Measures on the risk classes of people who use drugs (Jindubantong [2016] No. 37)"
)

# Article 13, paragraph 1, item 1, and article 29: consent, separate for what is sensitive.
CONSENT = Basis(PIPL, "13(1)(1), 29")
# Article 13, paragraph 1, item 3: what is necessary for a duty laid down by law.
DUTY = Basis(PIPL, "13(1)(3)")
# Article 13, paragraph 1, item 4: emergencies that threaten life, health or property.
EMERGENCY = Basis(PIPL, "13(1)(4)")

# Support after a sentence is offered by policy and taken up by consent.
RELEASED_SUPPORT = Basis(RELEASED_POLICY, together_with=CONSENT)
DRUG_CLASS = Basis(DRUG_CLASSES, together_with=DUTY)
