"""What the purse believes of the account, and when it stops believing it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from hotfolder.errors import OutOfCredits
from hotfolder.pipeline.purse import CreditPurse
from hotfolder.ports import Target, Workflow
from tests.fakes import TARGET, FakeService

HIDDEN = replace(TARGET, price=None)


@dataclass
class PricedService(FakeService):
    price: int | None = 10

    async def workflows(self, organization_id: str) -> list[Workflow]:
        self._heard("workflows")
        return [Workflow(TARGET.workflow_id, "Fast", None, self.price)]


def a_purse(credits: int, price: int | None = 10) -> tuple[PricedService, CreditPurse, dict[str, Target]]:
    service = PricedService(credits=credits, price=price)
    targets = {"Studio": replace(TARGET, price=price)}
    return service, CreditPurse(service, targets), targets


async def test_what_is_on_its_way_is_not_counted_twice() -> None:
    """Three are being created and not charged yet when the balance is asked for: a fourth could not be paid."""
    service, purse, _ = a_purse(30)
    for _ in range(3):
        assert await purse.reserve(TARGET)
    with pytest.raises(OutOfCredits):
        await purse.reserve(TARGET)
    service.credits = 0
    for _ in range(3):
        purse.settle(TARGET)
    service.credits = 10
    assert await purse.reserve(TARGET)


async def test_a_refused_workflow_is_tried_with_one_retry_and_then_waits_for_a_higher_balance() -> None:
    service, purse, targets = a_purse(5, price=None)
    assert await purse.reserve(HIDDEN)
    purse.settle(HIDDEN)
    purse.refused(HIDDEN)
    assert not await purse.reserve(HIDDEN), "no new one is requested meanwhile"
    assert not await purse.reserve_again(HIDDEN, "one", may_retry=False)
    assert await purse.reserve_again(HIDDEN, "one", may_retry=True)
    purse.settle(HIDDEN)
    assert not await purse.reserve_again(HIDDEN, "two", may_retry=True)
    for image_id in ("one", "two", "one"):
        with pytest.raises(OutOfCredits, match="5 left, and AutoRetouch wants more"):
            await purse.reserve_again(HIDDEN, image_id, may_retry=True)
    with pytest.raises(OutOfCredits):
        await purse.reserve(HIDDEN)
    assert not await purse.would_suffice(targets.values())
    service.credits = 6
    assert await purse.would_suffice(targets.values())
    assert await purse.reserve_again(HIDDEN, "two", may_retry=True)


async def test_one_that_is_accepted_lets_all_others_go_on() -> None:
    _, purse, _ = a_purse(100)
    assert await purse.reserve(TARGET)
    purse.refused(TARGET)
    assert await purse.reserve_again(TARGET, "one", may_retry=True)
    purse.accepted(TARGET, "another")
    assert not await purse.reserve(TARGET)
    purse.accepted(TARGET, "one")
    assert await purse.reserve(TARGET)


async def test_a_retry_that_never_went_out_is_no_answer() -> None:
    _, purse, _ = a_purse(100)
    purse.refused(TARGET)
    assert await purse.reserve_again(TARGET, "one", may_retry=True)
    purse.not_retried(TARGET, "one")
    assert await purse.reserve_again(TARGET, "one", may_retry=True)


async def test_a_price_that_was_raised_is_asked_for_and_put_into_the_targets() -> None:
    service, purse, targets = a_purse(5, price=1)
    cheap = targets["Studio"]
    assert await purse.reserve(cheap)
    purse.settle(cheap)
    service.price = 10
    purse.refused(cheap)
    with pytest.raises(OutOfCredits, match="5 left, an image costs 10"):
        await purse.reserve_again(cheap, "one", may_retry=True)
    assert targets["Studio"].price == 10
    service.price = 4
    assert await purse.would_suffice(targets.values())
    assert await purse.reserve_again(cheap, "one", may_retry=True)
    assert targets["Studio"].price == 4


async def test_credits_that_came_before_anybody_asked_again_count() -> None:
    """It was refused at what was known then, not at what was topped up since."""
    service, purse, targets = a_purse(20)
    assert await purse.reserve(TARGET)
    purse.refused(TARGET)
    service.credits = 100
    assert await purse.would_suffice(targets.values())
    assert await purse.reserve(TARGET)
