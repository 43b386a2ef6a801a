"""Decides: command line, stack file, the list of steps, the engine, what the user sees."""

__version__ = "0.1.0"
