"""Load balancers and their targets."""
