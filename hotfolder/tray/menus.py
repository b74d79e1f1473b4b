"""A glance's menu as pystray's, for the systems whose menus pystray builds itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pystray import Menu, MenuItem

from hotfolder.core.glance import SEPARATOR, Action, Item


def menu_of(
    items: Iterable[Item], on_action: Callable[[Action], None], text_of: Callable[[str], str]
) -> Menu:
    """`text_of` writes a text so that the system shows it letter by letter."""
    return Menu(*(_item(item, on_action, text_of) for item in items))


def _item(item: Item, on_action: Callable[[Action], None], text_of: Callable[[str], str]) -> MenuItem:
    if item == SEPARATOR:
        return Menu.SEPARATOR
    text = text_of(item.text)
    if item.items:
        return MenuItem(text, menu_of(item.items, on_action, text_of))
    action, checked = item.action, item.checked
    return MenuItem(
        text,
        None if action is None else lambda: on_action(action),
        checked=None if checked is None else lambda _: checked,
        enabled=action is not None,
    )
