"""Identifiers."""

import re
import time

from audit.bodies import is_reference
from kpm.ids import CROCKFORD, file_number, reference, uuid7


def test_row_keys_are_uuids_of_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after


def test_row_keys_of_one_process_come_in_order() -> None:
    made = []
    for _ in range(200):
        made.append(uuid7())
        # Longer than the fraction can tell apart.
        end = time.perf_counter_ns() + 2_000
        while time.perf_counter_ns() < end:
            pass
    assert made == sorted(made)


def test_row_keys_never_repeat() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_file_numbers_have_ten_characters_that_survive_the_telephone() -> None:
    numbers = {file_number() for _ in range(1_000)}
    assert len(numbers) == 1_000
    assert all(re.fullmatch(f"[{CROCKFORD}]{{5}}-[{CROCKFORD}]{{5}}", n) for n in numbers)
    assert not set("ILOU") & set(CROCKFORD)


def test_references_are_128_random_bits_behind_their_prefix() -> None:
    made = {reference() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"u:[A-Za-z0-9_-]{22}", one) for one in made)
    assert reference("s:").startswith("s:")


def test_a_reference_without_a_prefix_can_be_named_in_the_log() -> None:
    assert all(is_reference(reference("")) for _ in range(1_000))
