"""The rule by which people share the workers: who comes next, who joins where, who gives way."""

from collections import Counter
from dataclasses import replace
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from ctdenoise.jobs.fairness import (
    TURN_SECONDS,
    Entry,
    Line,
    choice,
    entering,
    gives_way,
    order,
)


def ids(entries: list[Entry]) -> list[str]:
    return [each.id for each in entries]


def test_second_runs_wait_for_everybodys_first() -> None:
    live = [
        Entry("a1", "ann", 0, served=3.0),
        Entry("a2", "ann", 1, served=3.0),
        Entry("b1", "bob", 2, served=9.0),
        Entry("c1", "cid", 3, served=4.0, running=True),
        Entry("c2", "cid", 4, served=4.0),
    ]
    assert ids(order(live)) == ["a1", "b1", "a2", "c2"]
    assert gives_way(live[3], 1.0, live)  # to Ann's first
    assert not gives_way(live[3], 1.0, [live[3], live[4]])  # but never to one's own second


def test_an_answer_comes_before_what_one_has_made_to_keep() -> None:
    long = Entry("long", "ann", 0, running=True)
    answer = Entry("answer", "ann", 1, kept=False)
    assert gives_way(long, 1.0, [long, answer])
    assert ids(order([replace(long, running=False), answer])) == ["answer", "long"]


def test_who_joins_begins_where_the_others_are() -> None:
    live = [Entry("a", "ann", 0, served=70.0), Entry("b", "bob", 1, served=72.0, running=True)]
    assert (entering("cid", live), entering("bob", live), entering("cid", [])) == (70.0, 72.0, 0.0)


def test_what_an_accident_interrupted_goes_first_but_gives_way_like_any_other() -> None:
    hurt = Entry("a", "ann", 5, served=50.0, interrupted=True)
    other = Entry("b", "bob", 0)
    assert ids(order([other, hurt])) == ["a", "b"]
    assert gives_way(replace(hurt, running=True), 1.0, [hurt, other])


def test_a_worker_prefers_what_it_has_in_memory_within_a_turn() -> None:
    near = Entry("near", "ann", 0, served=TURN_SECONDS)
    far = Entry("far", "bob", 1)
    new = Entry("new", "cid", 2)
    late = replace(near, served=TURN_SECONDS + 0.1)
    assert choice([far, near], {"near"}, {"far"}) == near
    assert choice([far, late], {"near"}, {"far"}) == far
    assert choice([new, near], {"near"}, set()) == new  # nobody has it: it does not wait for long
    assert choice([far], set(), {"far"}) == far


ENTRIES = st.builds(
    Entry,
    id=st.uuids().map(str),
    person=st.sampled_from("abcd"),
    queued=st.floats(0, 9),
    served=st.floats(0, 9),
    running=st.booleans(),
    kept=st.booleans(),
)


@given(st.lists(ENTRIES, max_size=12))
def test_all_that_wait_are_in_the_order_once_and_first_ones_first(live: list[Entry]) -> None:
    found = order(live)
    assert sorted(ids(found)) == sorted(each.id for each in live if not each.running)
    ahead = Counter(each.person for each in live if each.running)
    ranks = []
    for each in found:
        ranks.append(ahead[each.person])
        ahead[each.person] += 1
    assert ranks == sorted(ranks)  # nobody's second before anybody's first


@settings(deadline=None)
@given(st.data())
def test_the_line_says_at_any_moment_what_the_order_of_all_says(data: st.DataObject) -> None:
    line, live = Line(), dict[str, Entry]()
    sixteenths = st.integers(0, 64).map(lambda n: n / 16)
    for number in range(data.draw(st.integers(1, 16))):
        waiting, running = order(live.values()), [each for each in live.values() if each.running]
        does = data.draw(st.sampled_from(["join", *["start"] * bool(waiting),
                                          *["wait", "leave"] * bool(running)]))  # fmt: skip
        if does == "join":
            id, person = f"{number:02d}", data.draw(st.sampled_from("abc"))
            line.join(id, person, queued := data.draw(sixteenths))
            live[id] = Entry(id, person, queued, entering(person, live.values()))
        elif does == "start":
            ids_of = st.sampled_from([each.id for each in waiting])
            here, elsewhere = data.draw(st.sets(ids_of)), data.draw(st.sets(ids_of))
            first = line.first()
            assert first
            chosen = choice(chain([first], line.among(here)), here, elsewhere)
            assert chosen == choice(waiting, here, elsewhere)
            line.start(chosen)
            live[chosen.id] = replace(chosen, running=True)
        else:
            had, seconds = data.draw(st.sampled_from(running)), data.draw(sixteenths)
            other_next = gives_way(had, seconds, live.values())
            interrupted = does == "wait" and data.draw(st.booleans())
            live |= {each.id: replace(each, served=each.served + seconds)
                     for each in live.values() if each.person == had.person}  # fmt: skip
            if does == "leave":
                line.leave(had.id, had.person, seconds)
                del live[had.id]
            else:
                line.wait(had.id, had.person, seconds, interrupted)
                live[had.id] = replace(live[had.id], running=False, interrupted=interrupted)
                assert interrupted or (line.first().id != had.id) == other_next
        assert line.first() == next(iter(order(live.values())), None)
