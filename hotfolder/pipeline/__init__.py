"""Keeps the images moving: bounded lanes, fair between hot folders, closed by gates when something is away."""
