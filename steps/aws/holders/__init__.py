"""Who keeps something from being deleted, and what can be done about it: AWS's own refusals name nobody."""
