"""The account's credits, as far as they are known: an image is never requested that could not be paid.

What is known may be wrong: somebody else spends from the same account, a price was raised, the service hides it or says
less than it takes. So where the service wants payment though there seemed to be enough, its workflow is *refused*: balance
and price are asked anew, one unpaid execution is run again to see, and if that is refused, too, nothing more is tried until
the balance is higher than it was, or the price lower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, replace

from hotfolder.errors import OutOfCredits
from hotfolder.ports import Service, Target


def least_price(target: Target) -> int:
    """What an execution costs; where the service does not say, one credit at least: nothing is asked for without any."""
    return 1 if target.price is None else target.price


@dataclass(slots=True)
class _Refusal:
    """`balance` and `price` when the service wanted payment (balance None: not asked anew yet). `tried_by`: the image whose
    execution was run again to see, `is_final` once that was refused as well."""

    believed: int | None
    balance: int | None = None
    price: int | None = None
    tried_by: str | None = None
    is_final: bool = False


class CreditPurse:
    """Implements `ports.Purse`. The service is asked only when what is known would not suffice. `targets`: the daemon's own,
    by hot folder; a price that has changed is put into them."""

    def __init__(self, service: Service, targets: MutableMapping[str, Target]) -> None:
        self._service = service
        self._targets = targets
        self._balance: int | None = None
        self._asked: int | None = None
        self._in_flight = 0
        self._settled = 0
        self._asking = asyncio.Lock()
        self._judging = asyncio.Lock()
        self._refusals: dict[str, _Refusal] = {}

    @property
    def balance(self) -> int | None:
        """Credits left as far as known; None before the service was asked."""
        return self._balance

    async def reserve(self, target: Target) -> bool:
        refusal = await self._refusal_of(target)
        if refusal is None:
            await self._set_aside(target)
        elif refusal.is_final:
            raise self._out_of_credits(target)
        return refusal is None

    async def reserve_again(self, target: Target, image_id: str, *, may_retry: bool) -> bool:
        refusal = await self._refusal_of(target)
        if refusal is not None and may_retry and refusal.tried_by == image_id:
            refusal.is_final = True  # it was run again, and is unpaid for the whole lag of the list
            await self._ask(target.organization_id)
            refusal = await self._refusal_of(target)
        if refusal is not None and refusal.is_final:
            raise self._out_of_credits(target)
        if refusal is not None and refusal.tried_by is not None:
            return False
        await self._set_aside(target)
        if not may_retry:
            self.give_back(target)
            self.settle(target)
            return False
        if refusal is not None:
            refusal.tried_by = image_id
        return True

    def give_back(self, target: Target) -> None:
        """The execution was not created after all."""
        if self._balance is not None:
            self._balance += least_price(self._as_now(target))

    def settle(self, target: Target) -> None:
        """The call is over: whatever was charged for it is in the service's balance by now."""
        price = min(self._in_flight, least_price(self._as_now(target)))
        self._in_flight -= price
        self._settled += price

    def refused(self, target: Target) -> None:
        """What is known of balance or price is wrong: ask before the next reservation."""
        self._balance = None
        self._refusals.setdefault(target.workflow_id, _Refusal(self._asked))

    def accepted(self, target: Target, image_id: str) -> None:
        """This image's execution is being worked on: if it was run again to see, all others may go on."""
        refusal = self._refusals.get(target.workflow_id)
        if refusal is not None and refusal.tried_by == image_id:
            del self._refusals[target.workflow_id]

    def not_retried(self, target: Target, image_id: str) -> None:
        """Its execution was not run again after all: nothing was learnt."""
        refusal = self._refusals.get(target.workflow_id)
        if refusal is not None and refusal.tried_by == image_id and not refusal.is_final:
            refusal.tried_by = None

    def forget_refusals(self) -> None:
        """A person says "try again"."""
        self._refusals.clear()
        self._balance = None

    async def would_suffice(self, targets: Iterable[Target]) -> bool:
        """Ask for balance and prices anew: whether one of these workflows could be paid for now."""
        targets = list(targets)
        for organization_id in {target.organization_id for target in targets}:
            await self._ask(organization_id)
        return any(self._could_pay(target) for target in targets)

    def _could_pay(self, target: Target) -> bool:
        """Also where it is still to be found out whether a refusal holds: whoever waits for that must not be held."""
        refusal = self._refusals.get(target.workflow_id)
        if refusal is not None:
            self._note_anew(refusal, target)
        is_refused = refusal is not None and refusal.is_final and not self._is_lifted(refusal, target)
        return not is_refused and self._suffices(least_price(self._as_now(target)))

    # --- what was refused ---------------------------------------------------------------------------

    async def _refusal_of(self, target: Target) -> _Refusal | None:
        """Why nothing may be sent to this workflow as before; None once balance or price have changed for the better."""
        refusal = self._refusals.get(target.workflow_id)
        if refusal is None:
            return None
        async with self._judging:
            if refusal.balance is None:
                await self._ask(target.organization_id)
                self._note_anew(refusal, target)
        if self._is_lifted(refusal, target):
            self._refusals.pop(target.workflow_id, None)
            return None
        return refusal

    def _note_anew(self, refusal: _Refusal, target: Target) -> None:
        """Balance and price were asked anew for the first time since. Somebody may have topped up in between: then it was
        refused at what was known before."""
        if refusal.balance is None:
            known = [balance for balance in (refusal.believed, self._asked) if balance is not None]
            refusal.balance, refusal.price = min(known, default=0), self._as_now(target).price

    def _is_lifted(self, refusal: _Refusal, target: Target) -> bool:
        if refusal.balance is None or self._asked is None:
            return False
        price = self._as_now(target).price
        is_cheaper = price is not None and refusal.price is not None and price < refusal.price
        return self._asked > refusal.balance or (
            is_cheaper and least_price(self._as_now(target)) <= self._asked
        )

    # --- what is known ------------------------------------------------------------------------------

    async def _set_aside(self, target: Target) -> None:
        price = least_price(self._as_now(target))
        if not self._suffices(price):
            await self._refresh(target.organization_id, price)
        if not self._suffices(price):
            raise self._out_of_credits(target)
        self._balance = (self._balance or 0) - price
        self._in_flight += price

    async def _refresh(self, organization_id: str, price: int) -> None:
        """Ask for the balance unless somebody did meanwhile and it suffices."""
        async with self._asking:
            if not self._suffices(price):
                await self._ask_balance(organization_id)

    async def _ask(self, organization_id: str) -> None:
        """Balance and prices, whatever is known."""
        async with self._asking:
            prices = {w.id: w.price for w in await self._service.workflows(organization_id)}
            for name, target in list(self._targets.items()):
                if target.organization_id == organization_id and target.workflow_id in prices:
                    self._targets[name] = replace(target, price=prices[target.workflow_id])
            await self._ask_balance(organization_id)

    async def _ask_balance(self, organization_id: str) -> None:
        """What was set aside and may not be in the service's balance yet is taken off: it was on its way, or is."""
        settled = self._settled
        self._asked = await self._service.balance(organization_id)
        self._balance = self._asked - self._in_flight - (self._settled - settled)

    def _as_now(self, target: Target) -> Target:
        """With its price as it is known now: whoever asks may have taken it up earlier."""
        same = (one for one in self._targets.values() if one.workflow_id == target.workflow_id)
        return next(same, target)

    def _suffices(self, price: int) -> bool:
        return price == 0 or (self._balance is not None and self._balance >= price)

    def _out_of_credits(self, target: Target) -> OutOfCredits:
        price = self._as_now(target).price
        left = (self._balance if self._balance is not None else self._asked) or 0
        costs = f", an image costs {price}" if price is not None else ""
        if left >= least_price(self._as_now(target)):
            costs = ", and AutoRetouch wants more"
        return OutOfCredits(
            f"Out of credits: {left} left{costs}.",
            "Top up in the AutoRetouch web app; it goes on by itself.",
        )
