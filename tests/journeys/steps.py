"""What several journeys have in common: a visit, an assessment, a proposal, a team."""

from datetime import date, timedelta

from tests.journeys.personas import Persona
from tests.journeys.sites import File

NOTE = "老人说夜里容易头晕，药盒里少了三天的药。"
REASON = "上周两次忘记关火，夜里头晕摔倒，身边没有人。"
LEAD, DEPUTY = "帮扶责任人", "B角"
RESOURCE = "社区日间照料中心送餐"


def record_visit(worker: Persona, case_file: File) -> None:
    """A home visit, from the page of the file."""
    worker.go(case_file.path)
    worker.follow(f"{case_file.path}visits/new/")
    worker.page.fill("#id_needs", "想有人陪着去医院。")
    worker.page.fill("#id_notes", NOTE)
    worker.page.check("input[name=outcome][value=done]")
    worker.page.check("input[name=way][value=visit]")
    worker.hand_in()


def assess(worker: Persona, case_file: File) -> None:
    """An assessment in which one answer about safety calls for red."""
    worker.go(f"{case_file.path}level/")
    worker.follow(f"{case_file.path}assessments/new/")
    for field in worker.main("fieldset").all():
        field.locator("input[type=radio]").first.check()
    worker.page.check("input[name=item_life_threatening][value=yes]")
    worker.page.fill("#id_voice", "我不想去医院，怕花钱。")
    worker.hand_in()


def propose_red(worker: Persona, case_file: File, *, today: date) -> None:
    """Red, with its reason, what happened, what was tried, and a plan with one resource."""
    worker.follow(f"{case_file.path}proposal/")
    page = worker.page
    page.check("input[name=to_level][value=red]")
    page.check("input[name=reason_codes][value=safety]")
    page.fill("#id_reason", REASON)
    page.fill("#id_evidence_on", (today - timedelta(days=2)).isoformat())
    page.fill("#id_evidence_what", "夜里摔倒，邻居发现后送医。")
    page.fill("#id_tried", "每周两次电话，请邻居早晚看一眼。")
    page.fill("#id_goal", "夜里平安，按时吃药。")
    page.fill("#id_what_0", "每天送一顿饭，看一次药盒")
    page.fill("#id_resource_0", RESOURCE)
    page.fill("#id_who_0", "日间照料中心")
    page.fill("#id_by_on_0", (today + timedelta(days=7)).isoformat())
    worker.hand_in()


def say_what_for(supervisor: Persona) -> None:
    """Whoever is not on the team says once why the file is opened."""
    supervisor.page.check("input[name=purpose][value=supervision]")
    supervisor.hand_in()


def find_waiting(supervisor: Persona, case_file: File) -> None:
    """Leaf through what waits to what was proposed last, and open it.

    A ledger that somebody brought in on the same day fills pages of the queue.
    """
    review = f"{case_file.path}proposal/review/"
    supervisor.go("/reviews/?group=care")
    while not supervisor.main(f"a[href='{review}']").count():
        supervisor.turn_page()
    supervisor.follow(review)


def approve(supervisor: Persona, case_file: File) -> None:
    """Decide what waits."""
    supervisor.go(f"{case_file.path}proposal/review/")
    if supervisor.path.endswith("/purpose/"):
        say_what_for(supervisor)
    supervisor.page.fill("#id_reason", "已看过评估和走访记录，同意，先安排送餐和夜间探视。")
    supervisor.hand_in("main button[name=decision][value=approve]")


def take_away(supervisor: Persona, *, name: str) -> None:
    """Take somebody out of the team: asked for, and confirmed."""
    place = supervisor.main(f".rows > li:has-text('{name}')")
    place.locator("summary").click()
    supervisor.hand_in(f"main .rows > li:has-text('{name}') form button")


def talk_about(worker: Persona, case_file: File) -> None:
    """What the person says of the plan that holds, in their words."""
    worker.go(f"{case_file.path}plan/")
    worker.follow(f"{case_file.path}plan/1/word/")
    worker.page.check("input[name=answer][value=partly]")
    worker.page.check("input[name=speaker][value=person]")
    worker.page.fill("#id_words", "送饭可以，别的先不用。")
    worker.hand_in()


def name_others(supervisor: Persona, case_file: File) -> None:
    """Name somebody of another organ for each place that red asks for; the page says which."""
    supervisor.go(f"{case_file.path}team/others/")
    for name in ("赵主任", "钱医生", "孙大姐", "李女士", "周老师", "吴警官"):
        if not supervisor.main("section[aria-labelledby=missing]").count():
            return
        supervisor.page.fill("#id_name", name)
        supervisor.hand_in()


def assign(supervisor: Persona, case_file: File, *, place: str, name: str) -> None:
    """Give somebody a place in the team."""
    if supervisor.path != f"{case_file.path}team/":
        supervisor.go(f"{case_file.path}team/")
    supervisor.page.check(f"input[name=role][value={place}]")
    label = supervisor.main(f"select[name=worker] option:has-text('{name}')").first
    supervisor.page.select_option("select[name=worker]", label.get_attribute("value"))
    supervisor.hand_in()
