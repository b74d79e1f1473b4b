"""The account's credits, as far as they are known: an image is never requested that could not be paid."""

from __future__ import annotations

import asyncio

from hotfolder.errors import OutOfCredits
from hotfolder.ports import Service, Target


def least_price(target: Target) -> int:
    """What an execution costs; where the service does not say, one credit at least: nothing is asked for without any."""
    return 1 if target.price is None else target.price


class CreditPurse:
    """Implements `ports.Purse`. The service is asked only when what is known would not suffice."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._balance: int | None = None
        self._asking = asyncio.Lock()

    @property
    def balance(self) -> int | None:
        """Credits left as far as known; None before the service was asked."""
        return self._balance

    async def reserve(self, target: Target) -> None:
        price = least_price(target)
        if not self._suffices(price):
            await self.refresh(target.organization_id, price)
        if not self._suffices(price):
            costs = f", an image costs {price}" if target.price is not None else ""
            raise OutOfCredits(
                f"Out of credits: {self._balance} left{costs}.",
                "Top up in the AutoRetouch web app; it goes on by itself.",
            )
        self._balance = (self._balance or 0) - price

    def give_back(self, target: Target) -> None:
        """The execution was not created after all."""
        if self._balance is not None:
            self._balance += least_price(target)

    def doubt(self) -> None:
        self._balance = None

    async def refresh(self, organization_id: str, price: int) -> int:
        """Ask for the balance unless somebody did meanwhile and it suffices."""
        async with self._asking:
            if not self._suffices(price):
                self._balance = await self._service.balance(organization_id)
            return self._balance or 0

    def _suffices(self, price: int) -> bool:
        return price == 0 or (self._balance is not None and self._balance >= price)
