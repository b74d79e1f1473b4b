"""The command line: shows and asks, decides nothing. One room per group of commands; `entry` is the door."""

from hotfolder.cli.entry import main

__all__ = ["main"]
