"""The auditor's pages."""

from django.urls import path, register_converter

from audit.bodies import is_reference
from audit.views import alerts, digests, evidence, findings, log, openings, samples


class ThingConverter:
    """Whatever an event may name: a file number, an account, a unit."""

    regex = "[A-Za-z0-9][A-Za-z0-9:._-]{0,63}"

    def to_python(self, value: str) -> str:
        """The name as it is; the number of a person is none, and is written down nowhere."""
        if not is_reference(value):
            raise ValueError
        return value

    def to_url(self, value: str) -> str:
        """The same."""
        return value


class MarkConverter(ThingConverter):
    """The random mark of a sign-in."""

    regex = "[A-Za-z0-9_-]{8,64}"


register_converter(ThingConverter, "thing")
register_converter(MarkConverter, "mark")

app_name = "audit"

urlpatterns = [
    path("log/", log.list_events, name="list_events"),
    path("log/details/", log.erase_detail, name="erase_detail"),
    path("log/events/<int:place>/", log.show_event, name="show_event"),
    path("log/accounts/<thing:reference>/", log.show_account, name="show_account"),
    path("log/things/<thing:reference>/", log.show_thing, name="show_thing"),
    path("log/things/<thing:reference>/openings/", openings.list_openings, name="list_openings"),
    path(
        "log/things/<thing:reference>/statement/",
        openings.print_statement,
        name="print_statement",
    ),
    path("log/sessions/<mark:reference>/", log.show_session, name="show_session"),
    path("log/unusual/", alerts.list_alerts, name="list_alerts"),
    path("log/unusual/<mark:mark>/", alerts.judge_alert, name="judge_alert"),
    path("log/findings/", findings.list_findings, name="list_findings"),
    path("log/findings/new/", findings.ask, name="ask"),
    path("log/findings/<mark:mark>/", findings.decide_finding, name="decide_finding"),
    path("log/samples/", samples.list_samples, name="list_samples"),
    path("log/samples/<mark:mark>/", samples.judge_sample, name="judge_sample"),
    path("me/findings/", findings.list_my_findings, name="list_my_findings"),
    path("me/findings/<mark:mark>/", findings.answer_finding, name="answer_finding"),
    path("log/evidence/", evidence.export_evidence, name="export_evidence"),
    path("log/week/", digests.show_digest, name="show_digest"),
    path("log/verification/", log.verify_log, name="verify_log"),
]
