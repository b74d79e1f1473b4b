"""The icon in the tray: a face that draws a `core.glance.Glance` and hands back the `Action` of what was clicked.

`tray` and `opening` are what others use. Below, `pace` decides what is drawn and when, `systems` finds a way to show an
icon on this desktop, and one module for each way (`appindicator`, `status_icon`, `xorg`, `macos`, `windows`) mends
pystray's icon of that way where it falls short. pystray and the libraries below it are known in this package only, and
are imported only when a tray is wanted, for importing them needs a screen.
"""
