"""Handlers that are zipped and run in AWS; never imported by the tool."""
