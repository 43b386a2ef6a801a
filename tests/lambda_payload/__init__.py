"""Handlers that run on Lambda."""
