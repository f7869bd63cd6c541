"""The words for what the log holds in codes."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.events import Event, Outcome, Purpose
from audit.unusual import Rule
from kpm.permissions import Permission, Role

NOUNS: dict[str, Promise] = {
    "account": gettext_lazy("Account"),
    "alert": gettext_lazy("Unusual access"),
    "assessment": gettext_lazy("Assessment"),
    "absence": gettext_lazy("Absence"),
    "assignment": gettext_lazy("Assignment"),
    "attachment": gettext_lazy("Attachment"),
    "audit": gettext_lazy("Access log"),
    "backup": gettext_lazy("Backup"),
    "calendar": gettext_lazy("Calendar"),
    "calendar_feed": gettext_lazy("Calendar feed"),
    "case_file": gettext_lazy("Case file"),
    "consent": gettext_lazy("Consent"),
    "destruction": gettext_lazy("Destruction"),
    "digest": gettext_lazy("Daily digest"),
    "due_date": gettext_lazy("Due date"),
    "event": gettext_lazy("Event"),
    "event_detail": gettext_lazy("Detail of an event"),
    "evidence": gettext_lazy("Evidence package"),
    "finding": gettext_lazy("Inquiry"),
    "form": gettext_lazy("Form"),
    "grant": gettext_lazy("Role"),
    "hand_over": gettext_lazy("Hand-over of a file"),
    "harm_report": gettext_lazy("Mandatory report"),
    "ledger": gettext_lazy("Ledger"),
    "load": gettext_lazy("Load of a week"),
    "log": gettext_lazy("Access log"),
    "log_key": gettext_lazy("Key of the log"),
    "log_root": gettext_lazy("Root of the log"),
    "lost_contact": gettext_lazy("Lost contact"),
    "incident": gettext_lazy("Incident"),
    "need": gettext_lazy("Need or strength"),
    "objection": gettext_lazy("Objection"),
    "password": gettext_lazy("Password"),
    "permission": gettext_lazy("Permission"),
    "person": gettext_lazy("Person"),
    "plan": gettext_lazy("Plan"),
    "review_task": gettext_lazy("Suggested review"),
    "risk_level": gettext_lazy("Level"),
    "rotation": gettext_lazy("Change of keys"),
    "rule_set": gettext_lazy("Rule set"),
    "sample": gettext_lazy("Sample"),
    "search": gettext_lazy("Search"),
    "session": gettext_lazy("Sign-in"),
    "sharing": gettext_lazy("What others were told"),
    "stipulation": gettext_lazy("What is heeded in choosing"),
    "team": gettext_lazy("Team of a red file"),
    "team_member": gettext_lazy("Somebody of another organ in the team"),
    "referral": gettext_lazy("Referral"),
    "transfer": gettext_lazy("Transfer of a file"),
    "unit": gettext_lazy("Unit"),
    "unsent_form": gettext_lazy("Unsent form"),
    "vault": gettext_lazy("Sealed content"),
    "visit": gettext_lazy("Visit"),
    "worker": gettext_lazy("Working time and trainings"),
}
VERBS: dict[str, Promise] = {
    "accepted": gettext_lazy("accepted"),
    "acknowledged": gettext_lazy("acknowledged"),
    "added": gettext_lazy("added"),
    "applied": gettext_lazy("applied"),
    "answered": gettext_lazy("answered"),
    "archived": gettext_lazy("older part archived"),
    "asked": gettext_lazy("asked"),
    "approved": gettext_lazy("approved"),
    "changed": gettext_lazy("changed"),
    "climbed": gettext_lazy("passed upwards: still incomplete"),
    "checked": gettext_lazy("checked"),
    "claimed": gettext_lazy("used for the first time"),
    "closed": gettext_lazy("closed"),
    "confirmed": gettext_lazy("confirmed"),
    "corrected": gettext_lazy("corrected"),
    "created": gettext_lazy("created"),
    "declined": gettext_lazy("declined"),
    "described": gettext_lazy("entered"),
    "destroyed": gettext_lazy("destroyed"),
    "decided": gettext_lazy("decided"),
    "discarded": gettext_lazy("discarded"),
    "dismissed": gettext_lazy("dismissed"),
    "downloaded": gettext_lazy("downloaded"),
    "drafted": gettext_lazy("drafted"),
    "drawn": gettext_lazy("drawn by lot"),
    "ended": gettext_lazy("ended"),
    "erased": gettext_lazy("erased"),
    "expired": gettext_lazy("expired"),
    "exported": gettext_lazy("exported"),
    "explained": gettext_lazy("explained"),
    "fetched": gettext_lazy("fetched by a program"),
    "finished": gettext_lazy("finished"),
    "first_approved": gettext_lazy("approved for the first time of two"),
    "heard": gettext_lazy("talked about with the person"),
    "imported": gettext_lazy("lowered with the official class"),
    "indexed": gettext_lazy("indexed anew"),
    "issued": gettext_lazy("issued"),
    "judged": gettext_lazy("judged"),
    "lapsed": gettext_lazy("lapsed"),
    "kept": gettext_lazy("begun"),
    "left": gettext_lazy("left"),
    "listed": gettext_lazy("listed"),
    "made": gettext_lazy("made"),
    "matched": gettext_lazy("matched"),
    "named": gettext_lazy("named"),
    "not_due": gettext_lazy("found not due"),
    "noted": gettext_lazy("noted"),
    "offered": gettext_lazy("offered"),
    "opened": gettext_lazy("opened"),
    "partly_upheld": gettext_lazy("partly upheld"),
    "planned": gettext_lazy("planned"),
    "printed": gettext_lazy("printed"),
    "proposed": gettext_lazy("proposed"),
    "proved": gettext_lazy("proved"),
    "put_back": gettext_lazy("put back to what it was"),
    "raised": gettext_lazy("noticed"),
    "read": gettext_lazy("read"),
    "received": gettext_lazy("received"),
    "recorded": gettext_lazy("recorded"),
    "refused": gettext_lazy("refused"),
    "rehearsed": gettext_lazy("rehearsed"),
    "rejected": gettext_lazy("rejected"),
    "removed": gettext_lazy("removed"),
    "reopened": gettext_lazy("opened again"),
    "replayed": gettext_lazy("ended again what had ended since"),
    "restored": gettext_lazy("restored"),
    "returned": gettext_lazy("returned"),
    "revealed": gettext_lazy("revealed"),
    "reviewed": gettext_lazy("gone through"),
    "run": gettext_lazy("run"),
    "searched": gettext_lazy("searched"),
    "sent": gettext_lazy("sent"),
    "set_provisionally": gettext_lazy("set provisionally"),
    "sought": gettext_lazy("asked whether known"),
    "started": gettext_lazy("started"),
    "step_marked": gettext_lazy("step marked"),
    "undecided": gettext_lazy("lowered, since nobody decided in time"),
    "told": gettext_lazy("reported"),
    "uploaded": gettext_lazy("uploaded"),
    "upheld": gettext_lazy("upheld"),
    "verified": gettext_lazy("verified"),
    "withdrawn": gettext_lazy("withdrawn"),
}
PURPOSES: dict[Purpose, Promise] = {
    Purpose.SERVICE: gettext_lazy("Service"),
    Purpose.COVER: gettext_lazy("Standing in"),
    Purpose.SUPERVISION: gettext_lazy("Supervision"),
    Purpose.INTAKE: gettext_lazy("Intake"),
    Purpose.LEGAL: gettext_lazy("Legal duty"),
    Purpose.QUALITY: gettext_lazy("Quality control"),
    Purpose.SUBJECT_REQUEST: gettext_lazy("Request of the person"),
    Purpose.EMERGENCY: gettext_lazy("Emergency"),
    Purpose.SYSTEM: gettext_lazy("The system itself"),
}
OUTCOMES: dict[Outcome, Promise] = {
    Outcome.OK: gettext_lazy("done"),
    Outcome.DENIED: gettext_lazy("refused"),
    Outcome.ERROR: gettext_lazy("failed"),
    Outcome.PARTIAL: gettext_lazy("done in part"),
}

CHANNELS: dict[str, Promise] = {
    "web": gettext_lazy("a page"),
    "api": gettext_lazy("another program"),
    "job": gettext_lazy("background work"),
    "cli": gettext_lazy("the command line"),
}

# What was opened: groups of fields that open together, and fields that open by themselves.
# Apps above add the fields that they know.
GROUPS: dict[str, Promise | str] = {
    "audit.detail": gettext_lazy("words beside an event"),
    "assessment.body": gettext_lazy("answers of an assessment"),
    "attachment.body": gettext_lazy("names of attachments"),
    "attachment.file": gettext_lazy("content of an attachment"),
    "consent.body": gettext_lazy("consents"),
    "case_file.body": gettext_lazy("entries of the group"),
    "decision.body": gettext_lazy("grounds of a decision"),
    "ledger.head": gettext_lazy("headings of a ledger"),
    "ledger_row.body": gettext_lazy("rows of a ledger"),
    "objection.answer": gettext_lazy("answer to an objection"),
    "objection.body": gettext_lazy("words of an objection"),
    "hand_over.answer": gettext_lazy("answer to a hand-over"),
    "hand_over.body": gettext_lazy("note of a hand-over"),
    "person.address": gettext_lazy("address"),
    "person.body": gettext_lazy("ID number, phones, address"),
    "person.emergency_phone": gettext_lazy("emergency phone"),
    "person.head": gettext_lazy("name, sex, birth date"),
    "person.id_number": gettext_lazy("ID number"),
    "person.name": gettext_lazy("name"),
    "person.phone": gettext_lazy("phone"),
    "harm_step.body": gettext_lazy("mandatory report"),
    "harm_step.writer": gettext_lazy("who wrote in a mandatory report"),
    "incident.body": gettext_lazy("what happened"),
    "need.answer": gettext_lazy("what became of a need"),
    "need.body": gettext_lazy("needs and strengths"),
    "plan.body": gettext_lazy("support plan"),
    "plan_entry.body": gettext_lazy("entries about the support plan"),
    "referral.answer": gettext_lazy("answer to a referral"),
    "referral.ending": gettext_lazy("end of a referral"),
    "sharing.body": gettext_lazy("what was told to whom"),
    "proposal.answer": gettext_lazy("answer to a proposal"),
    "proposal.body": gettext_lazy("grounds of a proposal"),
    "proposal.conference": gettext_lazy("note of a case conference"),
    "team_member.head": gettext_lazy("name of somebody in the team"),
    "unsent_form.body": gettext_lazy("what was begun in a form"),
    "transfer.answer": gettext_lazy("answer to a transfer"),
    "transfer.body": gettext_lazy("note of a transfer"),
    "visit.body": gettext_lazy("notes of a visit"),
}
# Parts of the system that have no account, by the names under which they write.
SYSTEMS: dict[str, Promise] = {
    "s:archive": gettext_lazy("Archive of the access log"),
    "s:export": gettext_lazy("Export of the log"),
    "s:heartbeat": gettext_lazy("Heartbeat of the access log"),
    "s:keys": gettext_lazy("Custody of keys"),
    "s:operator": gettext_lazy("Whoever operates the machine"),
    "s:verify": gettext_lazy("Verification of the log"),
    "s:watch": gettext_lazy("Watch for unusual access"),
    "s:work": gettext_lazy("Background work"),
    "x:anon": gettext_lazy("not signed in"),
}
# Why one value was shown in full; the app above that asks for reasons enters its own.
REASONS: dict[str, Promise | str] = {}
# What allowed it, why it was refused, or how much was verified.
RULES: dict[str, Promise] = {
    "account_closed": gettext_lazy("the account was closed since"),
    "another_number": gettext_lazy("found by a number that the record does not hold"),
    "caseload": gettext_lazy("a place in the team"),
    "changed": gettext_lazy("the sealed bytes were changed or belong elsewhere"),
    "offered": gettext_lazy("a file that is offered to them, or by them"),
    "csrf": gettext_lazy("not sent from a page of this sign-in"),
    "destroyed": gettext_lazy("its key was destroyed"),
    "everything": gettext_lazy("the whole log"),
    "generation": gettext_lazy("sealed under another generation of the key"),
    "intake": gettext_lazy("taking somebody in"),
    "kept_elsewhere": gettext_lazy("roots kept elsewhere"),
    "known_elsewhere": gettext_lazy("known in another place already"),
    "length": gettext_lazy("a sealed file was cut or lengthened"),
    "missing": gettext_lazy("the sealed bytes are gone"),
    "newest": gettext_lazy("the newest events"),
    "no_key": gettext_lazy("its key does not exist"),
    "not_visible": gettext_lazy("outside their units, groups or files"),
    "keys": gettext_lazy("a bundle of keys that was too old"),
    "password": gettext_lazy("wrong password"),
    "password_changed": gettext_lazy("the password was changed since"),
    "second_person": gettext_lazy("one's own proposal"),
    "shape": gettext_lazy("the sealed bytes have the wrong shape"),
    "suite": gettext_lazy("sealed with a cipher that this program does not have"),
    "supervision": gettext_lazy("supervision of the unit"),
    # What was noticed about an access, and what the auditor made of it.
    "dormant": gettext_lazy("back after a long silence"),
    "mass_reveal": gettext_lazy("many values shown in full within an hour"),
    "many_viewers": gettext_lazy("one file, many readers from outside its team"),
    "new_device": gettext_lazy("another device in another network"),
    "not_theirs": gettext_lazy("tries on files that are not theirs"),
    "off_hours": gettext_lazy("at hours that are not their own"),
    "slow_drip": gettext_lazy("more values shown in full than usual, for weeks"),
    "vain_searches": gettext_lazy("many searches after which nothing was opened"),
    "escalated": gettext_lazy("passed on"),
    "asked": gettext_lazy("a question was asked"),
    "in_order": gettext_lazy("in order"),
    "justified": gettext_lazy("justified"),
    "unjustified": gettext_lazy("not justified"),
    "too_soon": gettext_lazy("tried again too soon"),
    "version": gettext_lazy("sealed by a newer version of the program"),
    "wrong_key": gettext_lazy("the key is not the one it was sealed with"),
    **{str(each): gettext_lazy("not part of this role") for each in Permission},
}


def event_label(code: str) -> str:
    """An event in words, such as "Case file: opened"."""
    noun, _dot, verb = code.partition(".")
    return _("%(noun)s: %(verb)s") % {
        "noun": NOUNS.get(noun, noun.replace("_", " ")),
        "verb": VERBS.get(verb, verb.replace("_", " ")),
    }


def purpose_label(code: str | None) -> str:
    """A purpose in words; nothing where none was asked."""
    return str(PURPOSES[Purpose(code)]) if code else ""


def group_label(code: str) -> str:
    """What was opened, in words."""
    return str(GROUPS.get(code, code))


def reason_label(code: str) -> str:
    """Why a value was shown in full, in words."""
    return str(REASONS.get(code, code))


def rule_label(code: str) -> str:
    """Which rule said so, in words."""
    return str(RULES.get(code, code))


def actor_label(code: str) -> str:
    """Who acted, where that is nobody with an account."""
    return str(SYSTEMS.get(code, code))


def outcome_label(code: str) -> str:
    """How it ended, in one word."""
    return str(OUTCOMES[Outcome(code)])


def role_label(code: str) -> str:
    """In which role, in words; nothing for what has none."""
    return str(Role(code).label) if code in Role.values else ""


def channel_label(code: str) -> str:
    """By which way, in words."""
    return str(CHANNELS.get(code, code))


def kind_label(code: str) -> str:
    """A kind of thing, in words."""
    return str(NOUNS.get(code, code.replace("_", " ")))


Choices = list[tuple[str, str]]


def _with_any(choices: Choices) -> Choices:
    return [("", _("any")), *choices]


def event_choices() -> Choices:
    """Every event with its words, sorted by them."""
    words = [(str(event), event_label(event)) for event in Event]
    return _with_any(sorted(words, key=lambda pair: pair[1]))


def outcome_choices() -> Choices:
    """Every outcome."""
    return _with_any([(str(outcome), outcome_label(outcome)) for outcome in Outcome])


def purpose_choices() -> Choices:
    """Every purpose."""
    return _with_any([(str(purpose), purpose_label(purpose)) for purpose in Purpose])


def role_choices() -> Choices:
    """Every role."""
    return _with_any([(str(code), str(label)) for code, label in Role.choices])


def kind_choices() -> Choices:
    """Every kind of thing that events are about, sorted by its word."""
    return _with_any(sorted(((kind, kind_label(kind)) for kind in NOUNS), key=lambda pair: pair[1]))


def rule_choices() -> Choices:
    """Every rule that has words; those of permissions, which all say the same, left out."""
    codes = RULES.keys() - set(map(str, Permission))
    return _with_any(sorted(((code, rule_label(code)) for code in codes), key=lambda pair: pair[1]))


def channel_choices() -> Choices:
    """Every way in."""
    return _with_any([(code, channel_label(code)) for code in CHANNELS])


def unusual_choices() -> Choices:
    """Everything that is watched for."""
    return _with_any([(str(rule), rule_label(rule)) for rule in Rule])
