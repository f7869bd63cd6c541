"""How old somebody is in the sense of the law, and when years are over: one way for everything."""

from datetime import date, timedelta


def years_after(day: date, years: int) -> date:
    """The corresponding day; where the month lacks it, its last one (Civil Code article 202)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def turns_on(born_on: date, years: int) -> date:
    """The first day on which somebody is so old: full years count from the day after the birthday.

    Supreme People's Court, Interpretation on Criminal Cases of Minors (2006), article 2.
    """
    return years_after(born_on, years) + timedelta(days=1)


def age_on(born_on: date, day: date) -> int:
    """Full years on a day; nobody is younger than none."""
    years = day.year - born_on.year
    return max(years if turns_on(born_on, years) <= day else years - 1, 0)
