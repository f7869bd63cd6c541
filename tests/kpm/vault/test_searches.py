"""Search: found by part, initials and tails; nothing but sealed shards is stored."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kpm.ids import uuid7
from kpm.vault import search
from kpm.vault.errors import Cause, KeysUnavailable, Unreadable
from kpm.vault.keys import ring
from kpm.vault.models import ScopeKey, SearchShard
from kpm.vault.search import Record

SCOPE = "district:321102"
OTHER = "district:321183"


def person(name: str, *, id_number: str = "", phone: str = "") -> Record:
    return Record.of(uuid7(), name=name, id_number=id_number, phone=phone)


def found(text: str, scope: str = SCOPE) -> set[UUID]:
    hits = search.find(scope, text)
    assert len(hits) == len(set(hits))
    return set(hits)


# --- words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("单小丽", {"sxl", "dxl", "cxl"}),
        ("曾国", {"zg", "cg"}),
        ("仇英", {"qy", "cy"}),
        ("解缙", {"xj", "jj"}),
        ("王秀英", {"wxy"}),
        ("欧阳娜娜", {"oynn"}),
        ("阿卜杜拉·买买提", {"abdlmmt"}),
    ],
)
def test_initials_have_every_reading_of_the_surname(name: str, expected: set[str]) -> None:
    assert expected <= set(search.initials(name).split())


def test_initials_are_bounded_and_keep_the_surname() -> None:
    spellings = search.initials("单乐乐行长重").split()
    assert len(spellings) == search.SPELLINGS
    assert {spelling[0] for spelling in spellings} >= {"s", "d", "c"}


def test_what_has_no_letters_has_no_initials() -> None:
    assert search.initials("") == ""
    assert search.initials("···") == ""
    assert search.initials("𠮷") in ("", "j")


@pytest.mark.parametrize("dot", [*"·•・.．‧⋅。 　\t\n\u200b", "", " · "])
def test_a_name_has_one_form_whatever_its_dot(dot: str) -> None:
    assert search.normalised(f"阿卜杜拉{dot}买买提") == "阿卜杜拉买买提"


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = search.normalised(text)
    assert search.normalised(once) == once
    assert not set(once) & set("\t\n\r \x00\x1f\x7f")


# --- finding


@pytest.mark.django_db
def test_a_person_is_found_by_parts_initials_and_tails() -> None:
    shan = person("单小丽", id_number="32110219410203123X", phone="13800001234")
    ali = person("阿卜杜拉·买买提", phone="13900005678")
    search.add(SCOPE, [shan, ali])
    for text in (
        "单",
        "小丽",
        "单小丽",
        " 单 小 丽 ",
        "sxl",
        "DXL",
        "cxl",
        "xl",
        "123x",
        "123Ｘ",
        "1234",
    ):
        assert found(text) == {shan.owner}, text
    for text in ("买提", "阿卜杜拉•买", "拉.买", "5678", "５６７８", "abdl"):
        assert found(text) == {ali.owner}, text
    for text in ("", " ", "·", "王", "x1", "12", "123", "12345", "234", "zzz", "丽小"):
        assert found(text) == set(), text
    assert found("单", OTHER) == set()


@pytest.mark.django_db
def test_letters_meet_names_and_initials_but_not_tails() -> None:
    latin = person("Ann Xu")
    tail = person("王秀英", id_number="32110219410203123X")
    search.add(SCOPE, [latin, tail])
    assert found("nnx") == {latin.owner}
    assert found("x") == {latin.owner, tail.owner}
    assert found("y") == {tail.owner}
    only_tail = person("王", id_number="32110219410203123X")
    search.add(OTHER, [only_tail])
    assert found("x", OTHER) == set()
    assert found("123x", OTHER) == {only_tail.owner}


@pytest.mark.django_db
def test_a_name_that_looks_like_a_tail_is_not_one() -> None:
    search.add(SCOPE, [Record(uuid7(), name="1234", initials="5678")])
    assert found("1234") == set()


@pytest.mark.django_db
def test_many_people_fill_shards_of_their_own() -> None:
    people = [person(f"名{number}氏", phone=f"138{number:08d}") for number in range(2_100)]
    search.add(SCOPE, people)
    assert SearchShard.objects.count() == 3
    assert not SearchShard.objects.filter(is_delta=True).exists()
    assert found("名") == {p.owner for p in people}
    assert found("名2099氏") == {people[2_099].owner}
    assert found("0042") == {people[42].owner}
    search.add(SCOPE, [])
    assert SearchShard.objects.count() == 3


@pytest.mark.django_db
def test_a_later_record_takes_the_place_of_an_earlier_one() -> None:
    before = person("单小丽", phone="13800001234")
    search.add(SCOPE, [before, person("王秀英")])
    after = Record.of(before.owner, name="曾小丽", phone="13800009999")
    search.replace(SCOPE, [after])
    assert found("单") == found("1234") == set()
    assert found("曾") == found("小丽") == found("9999") == {before.owner}
    search.replace(SCOPE, [before])
    assert found("曾") == set()
    assert found("单") == {before.owner}


@pytest.mark.django_db
def test_a_removed_person_is_not_found_and_leaves_with_the_fold() -> None:
    gone, stays = person("单小丽"), person("王秀英")
    search.add(SCOPE, [gone, stays])
    search.remove(SCOPE, [gone.owner])
    assert found("单") == set()
    assert search.fold(SCOPE) == 1
    ((_, _, _, plain),) = search._shards(SCOPE)
    assert gone.owner.bytes not in plain
    assert "单".encode() not in plain
    assert stays.owner.bytes in plain
    assert found("王") == {stays.owner}


@pytest.mark.django_db
def test_folding_changes_nothing_that_is_found() -> None:
    people = [person(f"名{number}氏") for number in range(1_500)]
    search.add(SCOPE, people)
    for number in range(5):
        search.add(SCOPE, [person(f"新{number}")])
    search.replace(SCOPE, [Record.of(people[7].owner, name="改名")])
    search.remove(SCOPE, [people[8].owner])
    wanted = {text: found(text) for text in ("名", "新", "改", "m", "名8氏", "名7氏", "名9氏")}
    search.add(OTHER, [person("外人")])
    assert search.fold(SCOPE) == 1_504
    assert SearchShard.objects.filter(scope=SCOPE).count() == 2
    assert SearchShard.objects.filter(scope=OTHER).count() == 1
    assert {text: found(text) for text in wanted} == wanted
    assert search.fold("district:nobody") == 0


@pytest.mark.django_db
def test_a_delta_that_comes_while_folding_stays_newer() -> None:
    before = person("单小丽")
    search.add(SCOPE, [before])
    read = list(search._shards(SCOPE))
    assert [shard.is_delta for shard in read] == [True]
    search.fold(SCOPE)
    late = SearchShard.objects.create(id=1, scope=SCOPE, is_delta=False, sealed=b"")
    late.delete()
    search.replace(SCOPE, [Record.of(before.owner, name="曾小丽")])
    # Full shards come first however high their number is.
    SearchShard.objects.filter(is_delta=True).update(id=0)
    assert found("单") == set()
    assert found("曾") == {before.owner}


@pytest.mark.django_db
def test_scopes_with_many_deltas_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "FOLD_AT", 3)
    for number in range(3):
        search.add(SCOPE, [person(f"名{number}")])
    search.add(OTHER, [person("外人")])
    assert search.scopes_to_fold() == [SCOPE]
    search.fold(SCOPE)
    assert search.scopes_to_fold() == []


# --- what is stored


@pytest.mark.django_db
def test_nothing_that_was_written_can_be_read_in_the_table() -> None:
    search.add(SCOPE, [person("WANG-XIUYING", id_number="321102194102034321", phone="13800007777")])
    stored = bytes(SearchShard.objects.get().sealed).lower()
    for word in (b"wang", b"xiuying", b"4321", b"7777"):
        assert word not in stored
    assert stored[0] == 0xC5


@pytest.mark.django_db
def test_the_length_of_a_name_does_not_show() -> None:
    search.add(SCOPE, [person("王")])
    search.add(SCOPE, [person("阿卜杜拉·买买提·吐尔逊")])
    assert len({len(bytes(shard.sealed)) for shard in SearchShard.objects.all()}) == 1


def refusal(text: str = "单") -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        search.find(SCOPE, text)
    return refused.value


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda b: b[:-1], Cause.CHANGED),
        (lambda b: b[:40] + bytes((b[40] ^ 1,)) + b[41:], Cause.CHANGED),
        (lambda b: b[:1] + b"\x03" + b[2:], Cause.CHANGED),
        (lambda b: b[:1] + b"\x12" + b[2:], Cause.SUITE),
        (lambda b: b[:3] + b"\x02" + b[4:], Cause.SHAPE),
        (lambda b: b"\xc1" + b[1:], Cause.SHAPE),
        (lambda b: b[:31], Cause.SHAPE),
    ],
)
def test_a_changed_shard_is_told(change: Any, cause: Cause) -> None:
    search.add(SCOPE, [person("单小丽")])
    shard = SearchShard.objects.get()
    SearchShard.objects.update(sealed=change(bytes(shard.sealed)))
    refused = refusal()
    assert (refused.cause, refused.owner) == (cause, shard.seal_id)


@pytest.mark.django_db
def test_a_shard_does_not_open_in_another_place() -> None:
    search.add(SCOPE, [person("单小丽")])
    search.add(SCOPE, [person("王秀英")])
    one, other = SearchShard.objects.order_by("id")
    SearchShard.objects.filter(pk=one.pk).update(sealed=bytes(other.sealed))
    assert refusal().cause is Cause.CHANGED
    SearchShard.objects.filter(pk=one.pk).update(sealed=bytes(one.sealed), is_delta=False)
    assert refusal().cause is Cause.CHANGED
    SearchShard.objects.filter(pk=one.pk).update(is_delta=True)
    assert len(found("单")) == 1
    search.add(OTHER, [person("外人")])
    SearchShard.objects.filter(scope=OTHER).update(scope=SCOPE)
    assert refusal().cause is Cause.CHANGED


@pytest.mark.django_db
def test_a_shard_under_another_generation_asks_for_that_key() -> None:
    search.add(SCOPE, [person("单小丽")])
    shard = SearchShard.objects.get()
    blob = bytearray(shard.sealed)
    blob[2] = 2
    SearchShard.objects.update(sealed=bytes(blob))
    with pytest.raises(KeysUnavailable):
        search.find(SCOPE, "单")
    assert ScopeKey.objects.count() == 1


@pytest.mark.django_db
def test_shards_name_themselves_without_content() -> None:
    search.add(SCOPE, [person("单小丽")])
    shard = SearchShard.objects.get()
    assert str(shard) == f"search shard {shard.seal_id}"


# --- against the plain answer

names = st.text(st.sampled_from("王李张单曾仇解秀英小丽伟·aXb "), min_size=1, max_size=5)
digits = st.text(st.sampled_from("0123456789X"), min_size=4, max_size=4)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    people=st.lists(st.tuples(names, digits, digits), min_size=1, max_size=8),
    text=names | digits,
    data=st.data(),
)
@pytest.mark.django_db
def test_it_finds_what_a_plain_loop_finds(
    db: None, people: list[tuple[str, str, str]], text: str, data: st.DataObject
) -> None:
    ring.forget()
    SearchShard.objects.all().delete()
    records: dict[UUID, Record] = {}
    for name, last_four, tail in people:
        made = person(name, id_number=last_four, phone=tail)
        records[made.owner] = made
        search.add(SCOPE, [made])
    for owner in data.draw(st.lists(st.sampled_from(sorted(records)), max_size=3, unique=True)):
        changed = Record.of(owner, name=data.draw(names))
        records[owner] = changed
        search.replace(SCOPE, [changed])
    for owner in data.draw(st.lists(st.sampled_from(sorted(records)), max_size=2, unique=True)):
        del records[owner]
        search.remove(SCOPE, [owner])
    if data.draw(st.booleans()):
        search.fold(SCOPE)
    wanted = search.normalised(text)
    is_tail = bool(wanted) and wanted.rstrip("x").isdecimal()
    expected = {
        record.owner
        for record in records.values()
        if (is_tail and wanted in (record.last_four.lower(), record.phone_tail.lower()))
        or (
            not is_tail
            and wanted
            and (
                wanted in search.normalised(record.name)
                or any(wanted in spelling for spelling in record.initials.split())
            )
        )
    }
    assert found(text) == expected


@pytest.mark.django_db
def test_shards_whose_key_is_not_there_make_room_for_new_ones() -> None:
    assert not search.lacks_keys(SCOPE)
    somebody = person("王秀英")
    search.add(SCOPE, [somebody])
    assert not search.lacks_keys(SCOPE)
    ring.renew_scope_key(SCOPE, "search")
    ScopeKey.objects.filter(scope=SCOPE, generation=1).delete()
    ring.forget()
    assert search.lacks_keys(SCOPE)
    search.empty(SCOPE)
    search.add(SCOPE, [somebody])
    assert found("王") == {somebody.owner}
    assert set(SearchShard.objects.values_list("generation", flat=True)) == {2}
