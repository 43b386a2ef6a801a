"""Databases that answer in the sandbox: small servers of the protocols that drivers speak, and what they keep.

They are no databases to measure or to trust data to. What functions usually ask is answered as the real ones
answer it, everything else with an error that says so.
"""
