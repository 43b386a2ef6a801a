"""From what describe calls return to what is looked at: one module a service."""
