"""The invented county: plausible, the same from the same seed, and nowhere but in a demo."""

import re
from collections import Counter
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from casework.models import CaseFile, Visit
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.ages import age_on
from kpm.management.demo import answers, county, invention, papers, plots, stories
from kpm.management.demo.plots import End
from kpm.management.demo.staff import posts
from kpm.management.demo.world import World
from kpm.permissions import Role
from risk_levels.instruments import current_for
from risk_levels.levels import GRADED, Level, rank
from risk_levels.models import Decision, Proposal
from risk_levels.populations import POPULATIONS
from risk_levels.scoring import suggest

SEEDS = (1, 2, 7, 41)
SIZES = (6, 60, 300, 1200, 12_000)
TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 19, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def county_of(seed, files=1200):
    return plots.plots(Random(seed), files)


# --- Refused elsewhere ---------------------------------------------------------------------------
@pytest.mark.django_db
def test_nothing_is_invented_where_people_work(settings):
    settings.KPM_DEMO = False
    with pytest.raises(CommandError, match="no demo"):
        call_command("make_demo", "--files=6")
    assert not Unit.objects.exists()
    assert not User.objects.filter(username="worker1").exists()


@pytest.mark.django_db
def test_what_stands_already_is_left_alone(capsys):
    Unit(code="100100000000", name="江州市", level=1, district="100100").save_as(by=None)
    call_command("make_demo", "--files=6")
    assert "stands already" in capsys.readouterr().out
    assert not CaseFile.objects.exists()


# --- Levels by quota -----------------------------------------------------------------------------
@pytest.mark.parametrize("files", SIZES)
@pytest.mark.parametrize("seed", SEEDS)
def test_red_is_rare_in_every_county(seed, files):
    found = Counter(each.level for each in county_of(seed, files))
    total = sum(found.values())
    assert 0 < found[Level.RED] < total * 0.05
    assert found[Level.GREEN] > total / 2
    assert found[Level.GREEN] > found[Level.YELLOW] > found[Level.RED]


@pytest.mark.parametrize("files", [300, 1200, 12_000])
def test_each_population_has_its_share_of_every_level(files):
    found = county_of(1, files)
    for code, count in plots.counts_of(files).items():
        levels = Counter(each.level for each in found if each.population == code)
        assert sum(levels.values()) == count
        # Above a tenth somebody is alerted; nobody red at all is nothing unusual either.
        assert levels[Level.RED] / count < 0.1
        assert levels[Level.RED] == pytest.approx(count * plots.RED[code], abs=1)
        assert levels[Level.YELLOW] / count == pytest.approx(plots.YELLOW[code], abs=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_proposals_come_to_every_end(seed):
    found = county_of(seed)
    ends = Counter(move.end for each in found for move in each.moves)
    assert all(ends[end] for end in End)
    assert ends[End.APPROVED] > 10 * (ends[End.RETURNED] + ends[End.REJECTED])
    downs = [
        each
        for each in found
        for before, after in zip(each.moves, each.moves[1:], strict=False)
        if after.end == End.APPROVED and rank(after.level) < rank(before.level)
    ]
    assert len(found) * 0.02 < len(downs) < len(found) * 0.15
    assert 0 < sum(each.expires for each in found) < len(found) * 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_a_story_keeps_the_order_of_time(seed):
    for each in county_of(seed):
        days = [move.days_ago for move in each.moves]
        assert days == sorted(days, reverse=True)
        assert len(set(days)) == len(days)
        assert all(day < each.opened_days_ago - 1 for day in days)
        if each.level in GRADED and not each.expires:
            assert each.rhythm == each.level


# --- Visits --------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_was_visited_first_and_most_in_time(seed):
    found = county_of(seed)
    random = Random(seed)
    for each in found:
        told = list(plots.contacts(random, each))
        days = [contact.days_ago for contact in told]
        assert days == sorted(days, reverse=True)
        assert min(days) >= 1
        first_days = POPULATIONS[each.population].first_visit_days
        assert told[0].is_visit
        assert told[0].is_sure
        assert 0 < each.opened_days_ago - told[0].days_ago < first_days
        sure = [contact for contact in told if contact.is_sure]
        late = sure[-1].days_ago > each.duties.contact_days
        assert late == each.is_late
        if not each.is_late:
            newest = min(contact.days_ago for contact in sure if contact.is_visit)
            assert newest <= each.duties.visit_days
    assert 0.05 < sum(each.is_late for each in found) / len(found) < 0.08


# --- Assessments and classes tell the same story -------------------------------------------------
@pytest.mark.parametrize("population", POPULATIONS)
def test_assessments_suggest_what_was_decided(population):
    random = Random(1)
    for level in GRADED:
        suggested = Counter(
            suggest(
                current_for(population), stories.answers(random, population, level), population
            ).level
            for _number in range(120)
        )
        assert suggested[level] > 120 * 0.85
        assert level == Level.RED or not suggested[Level.RED]


@pytest.mark.parametrize("population", POPULATIONS.values(), ids=POPULATIONS)
def test_official_classes_suggest_what_was_decided(population):
    random = Random(1)
    for level in GRADED:
        suggested = Counter()
        for _number in range(120):
            born_on, given = details_of(random, population, level)
            found = population.suggested_by(given, age_on(born_on, TODAY))
            suggested[found[0]] += 1
            assert population.closed_by(given, born_on, TODAY) == []
        assert suggested[level] > 120 * 0.85
        assert level == Level.RED or not suggested[Level.RED]


def details_of(random, population, level, opened_on=TODAY - timedelta(days=520)):
    born_on = invention.identity(random, TODAY, answers.AGES[population.code]).birth_on
    given = answers.details(
        random, population, opened_on, today=TODAY, level=level, birth_on=born_on
    )
    return born_on, given


@pytest.mark.parametrize("population", POPULATIONS.values(), ids=POPULATIONS)
def test_what_comes_next_lies_ahead_and_what_was_lies_behind(population):
    random = Random(3)
    for _number in range(60):
        born_on, given = details_of(random, population, Level.GREEN)
        assert population.is_for(born_on, TODAY)
        for field in population.fields:
            if field.kind != "date":
                continue
            day = date.fromisoformat(given[field.code])
            is_ahead = field.code in ("ends_on", "support_ends_on", "follow_up_on")
            assert (day > TODAY) == is_ahead, field.code


def test_what_is_replaced_is_there_and_fits_no_child():
    told = {
        *(stories.NEEDS + stories.STRENGTHS + stories.NOTES + stories.BETTER + stories.GOALS),
        *(word for _answer, word in stories.SAID),
        *(word for step in stories.STEPS for word in step.values()),
        *answers.HEALTH,
    }
    for fits in (stories.GROWN, *stories.FITTING.values()):
        assert set(fits) <= told
    of_a_child = " ".join(stories.fitting("left_behind_child", each) for each in told)
    for word in ("高龄", "就业", "岗位", "离家近", "木工", "种菜", "女儿", "高血压"):
        assert word not in of_a_child


def test_chinese_is_written_with_its_own_punctuation():
    texts = [
        *(stories.NEEDS + stories.STRENGTHS + stories.NOTES + stories.REASONS + stories.TRIED),
        *(stories.APPROVED + stories.RETURNED + stories.REJECTED + stories.BETTER),
        *stories.GOALS,
        *(word for step in stories.STEPS for word in step.values()),
        *(told for fits in (stories.GROWN, *stories.FITTING.values()) for told in fits.values()),
        *(word for words in answers.WORDS.values() for word in words),
        *(note for _make, _name, note in papers.PAPERS),
    ]
    wrong = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")
    assert [each for each in texts if wrong.search(each)] == []


# --- Who works there -----------------------------------------------------------------------------
def test_the_county_has_its_people_and_units():
    roles = Counter(post.role for post in posts())
    assert roles == {
        Role.SOCIAL_WORKER: 40,
        Role.SUPERVISOR: 6,
        Role.AUDITOR: 1,
        Role.PRIVACY_OFFICER: 1,
        Role.SECURITY_ADMINISTRATOR: 1,
        Role.SYSTEM_ADMINISTRATOR: 1,
    }
    assert {place.level for place in county.places()} == {1, 2, 3, 4}


# --- The same in the database --------------------------------------------------------------------
def built(seed, files=60):
    World(seed=seed, files=files, now=NOW).build(lambda _words: None)


def told():
    """What is there, without the numbers that are random in every world."""
    files = CaseFile.objects.order_by("id").values_list(
        "population", "unit__code", "opened_on", "risk_level__level", "next_due_on"
    )
    moves = Proposal.objects.order_by("drafted_at", "proposer__username")
    visits = Visit.objects.order_by("happened_at", "worker__username")
    return {
        "people": list(User.objects.filter(is_system=False).values_list("username", "name")),
        "files": sorted(map(str, files)),
        "moves": sorted(map(str, moves.values_list("from_level", "to_level", "state"))),
        "visits": sorted(map(str, visits.values_list("happened_at", "way", "outcome"))),
    }


@pytest.mark.django_db
def test_a_county_stands_as_it_was_told():
    built(5)
    files = CaseFile.objects.all()
    levels = Counter(files.values_list("risk_level__level", flat=True))
    plotted = Counter(each.level for each in county_of_same_seed(5, 60))
    assert levels == plotted
    assert levels["red"] / files.count() < 0.05
    overdue = files.filter(next_due_on__lt=TODAY).count()
    assert 0.03 < overdue / files.count() < 0.1
    assert not files.exclude(visits__outcome="done", visits__way="visit").exists()
    assert RoleGrant.objects.filter(role=Role.SOCIAL_WORKER).count() == 40
    assert set(Unit.objects.values_list("level", flat=True)) == {1, 2, 3, 4}
    approved = Decision.objects.filter(kind="approved").count()
    assert approved == Proposal.objects.filter(state="approved").count()
    expired = sum(each.expires for each in county_of_same_seed(5, 60))
    assert Decision.objects.filter(kind="expired").count() == expired


def county_of_same_seed(seed, files):
    """The plots of a world: its people are drawn first, from the same numbers."""
    random = Random(seed)
    for _post in posts():
        invention.name(random, random.choice((1, 2)))
    return plots.plots(random, files)


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_county():
    with transaction.atomic():
        built(5)
        first = told()
        # Keys stay, as they do wherever something is taken back.
        transaction.set_rollback(True)
    assert not CaseFile.objects.exists()
    built(5)
    assert told() == first
