"""The system's login items: one room for each system, and `choose` that picks the right one."""

from hotfolder.adapters.login_items.choose import (
    Installed,
    entries,
    install,
    is_installed,
    refresh_login_item,
    uninstall,
    usual_kind,
)

__all__ = ["Installed", "entries", "install", "is_installed", "refresh_login_item", "uninstall", "usual_kind"]
