"""The embedded AWS: a moto server on loopback, and what moto leaves out.

It shares no code with the tool that is tried against it, so it can bear witness against it.
"""
