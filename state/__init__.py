"""Remembers: records, atomic store, lock."""
