"""Whether a panel of this Linux desktop would take an icon: one of today (D-Bus) or one of old (a window in its window)."""

from __future__ import annotations

import os
from contextlib import closing

_WATCHER = "org.kde.StatusNotifierWatcher"
_ANSWER_S = 2.0


def takes_indicators() -> bool:
    """StatusNotifierItem: KDE, GNOME with its extension, Xfce, Cinnamon, MATE, waybar and others.

    Source: freedesktop.org, StatusNotifierItem.
    """
    from jeepney import DBusAddress, MessageFlag, MessageType, Properties
    from jeepney.auth import AuthenticationError
    from jeepney.io.blocking import open_dbus_connection

    watcher = Properties(DBusAddress("/StatusNotifierWatcher", bus_name=_WATCHER, interface=_WATCHER))
    question = watcher.get("IsStatusNotifierHostRegistered")
    question.header.flags |= MessageFlag.no_auto_start
    try:
        with open_dbus_connection(_session_bus(), auth_timeout=_ANSWER_S) as bus:
            answer = bus.send_and_get_reply(question, timeout=_ANSWER_S)
    except (OSError, AuthenticationError, RuntimeError, ValueError):
        return False
    if answer.header.message_type is not MessageType.method_return:
        return False
    _, has_host = answer.body[0]
    return bool(has_host)


def _session_bus() -> str:
    """Its address; as in libdbus and GIO, the user's own bus where none is named."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={runtime}/bus"


def takes_windows() -> bool:
    """XEmbed: somebody owns the tray of the first screen. Source: freedesktop.org, System Tray Protocol."""
    from Xlib import X
    from Xlib.display import Display
    from Xlib.error import ConnectionClosedError, DisplayError

    try:
        with closing(Display()) as display:
            atom = display.intern_atom(f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}")
            return bool(display.get_selection_owner(atom) != X.NONE)
    except (DisplayError, ConnectionClosedError, OSError):
        return False


def has_x() -> bool:
    """Whether the X server answers."""
    from Xlib.display import Display
    from Xlib.error import ConnectionClosedError, DisplayError

    try:
        Display().close()
    except (DisplayError, ConnectionClosedError, OSError):
        return False
    return True
