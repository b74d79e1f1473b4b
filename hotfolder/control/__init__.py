"""The control API: how the command line speaks to a running daemon on the same computer, and nobody else does."""
