"""IAM policies, really evaluated: for callers when a sandbox enforces them, for roles always."""
