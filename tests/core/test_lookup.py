"""Finding our own executions in lists of every order, read in pages of every length, while they grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.core.lookup import CLOCK_SLACK_S, Listed, Search

NOW = 1_800_000_000.0
Arrange = Callable[[list[Listed]], list[Listed]]


def newest_first(entries: list[Listed]) -> list[Listed]:
    return sorted(entries, key=lambda e: e.created_at or 0.0, reverse=True)


def oldest_first(entries: list[Listed]) -> list[Listed]:
    return sorted(entries, key=lambda e: e.created_at or 0.0)


def by_chance_but_stable(entries: list[Listed]) -> list[Listed]:
    return sorted(entries, key=lambda e: Random(e.execution_id).random())


def shuffled(seed: int) -> Arrange:
    chance = Random(seed)
    return lambda entries: chance.sample(entries, len(entries))


def older(number: int, *, spread_s: float = 3600.0, first: int = 1) -> list[Listed]:
    """Executions of long ago, an hour apart."""
    return [Listed(f"old-{n}", f"label-{n}", NOW - n * spread_s) for n in range(first, first + number)]


def ours(label: str = "ours", created_at: float | None = NOW) -> Listed:
    return Listed(f"execution of {label}", label, created_at)


@dataclass
class List:
    """The service's list. `page`: the most it gives at once; `newcomers` are added, one after each page read."""

    entries: list[Listed]
    arrange: Arrange = newest_first
    page: Callable[[], int] = lambda: 50
    tells_total: bool = True
    newcomers: list[Listed] = field(default_factory=list)
    pages_read: int = 0

    def read(self, offset: int) -> tuple[Sequence[Listed], int | None]:
        self.pages_read += 1
        entries = self.arrange(list(self.entries))
        if self.newcomers:
            self.entries.append(self.newcomers.pop())
        total = len(entries) if self.tells_total else None
        return entries[offset : offset + self.page()], total


def search(listing: List, *labels: str, since: float | None = NOW) -> Search:
    """Read until the search has had enough."""
    one = Search(frozenset(labels or ("ours",)), since)
    while not one.take(*listing.read(one.offset)):
        assert listing.pages_read < 20_000, "the search never ends"
    return one


def pages_of(size: int) -> Callable[[], int]:
    return lambda: size


ORDERS = {
    "newest first": newest_first,
    "oldest first": oldest_first,
    "by chance but stable": by_chance_but_stable,
    "shuffled at each call": shuffled(7),
}
orders = pytest.mark.parametrize("arrange", ORDERS.values(), ids=list(ORDERS))
sizes = pytest.mark.parametrize("size", [50, 20, 7])
totals = pytest.mark.parametrize("tells_total", [True, False], ids=["with total", "without total"])


LISTS = [
    pytest.param(arrange, tells_total, id=f"{name}, {'with' if tells_total else 'without'} total")
    for name, arrange in ORDERS.items()
    for tells_total in (True, False)
    if tells_total
    or name != "shuffled at each call"  # such a list may stay incomplete; the property covers it
]


@pytest.mark.parametrize(("arrange", "tells_total"), LISTS)
@sizes
def test_an_execution_that_is_listed_is_found(arrange: Arrange, size: int, tells_total: bool) -> None:
    entries = [*older(130), ours()]
    found = search(List(entries, arrange, pages_of(size), tells_total))
    assert found.found == {"ours": "execution of ours"}
    assert found.complete


@orders
@sizes
@totals
def test_a_list_without_ours_never_yields_one(arrange: Arrange, size: int, tells_total: bool) -> None:
    found = search(List(older(130), arrange, pages_of(size), tells_total))
    assert found.found == {}
    if arrange in (newest_first, oldest_first, by_chance_but_stable):
        assert found.complete


def test_an_empty_list_is_complete_at_once() -> None:
    listing = List([])
    assert search(listing).complete
    assert listing.pages_read == 1


@pytest.mark.parametrize("tells_total", [True, False])
def test_a_newest_first_list_of_thousands_is_read_one_page(tells_total: bool) -> None:
    listing = List(older(5000), newest_first, tells_total=tells_total)
    found = search(listing)
    assert (found.complete, found.found, listing.pages_read) == (True, {}, 1)


@pytest.mark.parametrize("size", [50, 20])
def test_an_oldest_first_list_of_thousands_is_read_from_its_end(size: int) -> None:
    listing = List(older(5000), oldest_first, pages_of(size))
    found = search(listing)
    assert found.complete
    assert listing.pages_read <= 3


def test_ours_at_the_end_of_thousands_is_found_in_two_pages() -> None:
    listing = List([*older(5000), ours()], oldest_first)
    assert search(listing).found
    assert listing.pages_read == 2


def test_all_of_a_large_drop_are_found_reading_only_its_pages() -> None:
    drop = [ours(f"ours-{n}", NOW + n) for n in range(300)]
    labels = [entry.label or "" for entry in drop]
    for arrange in (newest_first, oldest_first):
        listing = List([*older(5000), *drop], arrange)
        assert len(search(listing, *labels).found) == 300
        assert listing.pages_read <= 9


def test_without_a_trusted_time_everything_is_read() -> None:
    listing = List(older(1000), newest_first)
    assert search(listing, since=None).complete
    assert listing.pages_read == 20


@pytest.mark.parametrize("arrange", [newest_first, oldest_first])
def test_the_services_clock_may_run_behind_by_the_slack(arrange: Arrange) -> None:
    """Its list may date an execution before the moment at which we asked for it."""
    entries = [*older(500, spread_s=20.0), ours(created_at=NOW - CLOCK_SLACK_S + 1)]
    assert search(List(entries, arrange)).found


@pytest.mark.parametrize("arrange", [newest_first, oldest_first])
def test_the_lists_clock_may_run_behind_by_as_much_as_the_list_shows(arrange: Arrange) -> None:
    """One of ours is dated a day before it was asked for: then any of them may be."""
    behind = NOW - 86_400.0
    known = Listed("known", "another of ours", behind + 60, intended_at=NOW + 30)
    strangers = [Listed(f"stranger-{n}", None, behind + 50 - n / 10) for n in range(300)]
    entries = [known, *strangers, ours(created_at=behind - 1), *older(500, first=30)]
    assert search(List(entries, arrange)).found
    assert search(List(entries, arrange, pages_of(20))).found


def test_a_list_that_dates_ours_after_they_were_asked_for_is_read_no_further() -> None:
    known = Listed("known", "another of ours", NOW - 10, intended_at=NOW - 4000)
    listing = List([*older(5000), known], newest_first)
    assert search(listing).complete
    assert listing.pages_read == 1


@pytest.mark.parametrize("arrange", [newest_first, oldest_first])
def test_ours_is_found_even_when_its_own_time_is_missing(arrange: Arrange) -> None:
    """The service knows when it was created, so it stands where it belongs."""
    entries = arrange([*older(200), ours()])
    undated = [Listed(e.execution_id, e.label, None) if e.label == "ours" else e for e in entries]
    assert search(List(undated, list)).found


def test_one_missing_time_on_the_first_page_is_enough_to_read_it_all() -> None:
    undated = [Listed("undated", None, None)]
    listing = List(older(500), lambda entries: [*undated, *newest_first(entries)])
    assert search(listing).complete
    assert listing.pages_read == 11


def test_a_few_entries_in_order_by_chance_prove_nothing() -> None:
    """Three of a small page fall, the fourth is ours."""
    listing = List([], lambda _: [*older(3), ours()], pages_of(3))
    assert search(listing).found


def test_an_order_that_breaks_later_is_not_believed_any_more() -> None:
    """It begins oldest first, and the page at its end does not."""
    entries = [*oldest_first(older(60, first=100)), ours(), *older(70)]
    assert search(List(entries, list)).found


@orders
def test_new_entries_that_arrive_while_reading_hide_nothing(arrange: Arrange) -> None:
    entries = [*older(180), ours()]
    newcomers = [Listed(f"new-{n}", None, NOW + n) for n in range(6)]
    listing = List(entries, arrange, pages_of(20), newcomers=newcomers)
    found = search(listing, since=None)
    assert found.found or not found.complete


def test_newcomers_that_push_a_page_on_do_not_make_it_read_everything() -> None:
    """Several images are ordered between one page and the next."""
    entries, reads = older(5000, spread_s=60.0), 0
    one = Search(frozenset({"ours"}), NOW)
    while True:
        listed = newest_first([*entries, *(Listed(f"new-{n}", None, NOW + n) for n in range(4 * reads))])
        reads += 1
        if one.take(listed[one.offset : one.offset + 50], len(listed)):
            break
    assert (one.complete, reads) == (True, 2)


def test_pages_that_grow_shorter_at_the_end_leave_no_gap_unseen() -> None:
    """The first page had fifty, those at the end have seven: the forty-three between are read before it is whole."""
    lengths = iter([50])
    listing = List([*older(500), ours()], oldest_first, lambda: next(lengths, 7))
    assert search(listing).found


def test_an_unstable_list_without_a_total_is_not_called_complete_after_one_pass() -> None:
    """A page that shows entries again has kept others back."""
    first, second = older(20), [*older(19), ours()]
    rounds = [first[:10], first[:10], []]
    one = Search(frozenset({"ours"}), None)
    for page in rounds:
        ended = one.take(page, None)
    assert not ended
    assert not one.complete
    while not one.take(second[one.offset : one.offset + 10], None):
        pass
    assert one.found


def test_a_list_that_never_shows_everything_is_given_up_as_incomplete() -> None:
    """It says that there are a hundred and ever shows the same ten."""
    one, pages = Search(frozenset({"ours"}), None), 0
    while not one.take(older(10), 100):
        pages += 1
        assert pages < 1000
    assert not one.complete


def test_the_same_label_twice_keeps_the_first_found() -> None:
    twice = [Listed("first", "ours", NOW + 1), Listed("second", "ours", NOW)]
    assert search(List(twice)).found == {"ours": "first"}


@settings(max_examples=300, deadline=None)
@given(
    number=st.integers(0, 130),
    place=st.integers(0, 200),
    order=st.sampled_from(["newest", "oldest", "stable", "shuffled"]),
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=30),
    tells_total=st.booleans(),
    newcomers=st.integers(0, 8),
    undated=st.sampled_from([0, 0, 7]),
    since=st.sampled_from([NOW, NOW - 5000.0, None]),
    spread_s=st.sampled_from([1.0, 60.0, 3600.0]),
)
def test_complete_is_never_claimed_without_having_found_what_was_there_throughout(
    number: int,
    place: int,
    order: str,
    lengths: list[int],
    tells_total: bool,
    newcomers: int,
    undated: int,
    since: float | None,
    spread_s: float,
) -> None:
    entries = [
        Listed(e.execution_id, e.label, None if undated and n % undated == 0 else e.created_at)
        for n, e in enumerate(older(number, spread_s=spread_s))
    ]
    entries.insert(place % (number + 1), ours())
    arrange = {
        "newest": newest_first,
        "oldest": oldest_first,
        "stable": by_chance_but_stable,
        "shuffled": shuffled(place),
    }[order]
    turn = iter(range(1_000_000))
    listing = List(
        entries,
        arrange,
        lambda: lengths[next(turn) % len(lengths)],
        tells_total,
        [Listed(f"new-{n}", None, NOW + n) for n in range(newcomers)],
    )
    found = search(listing, since=since)
    assert found.found or not found.complete
