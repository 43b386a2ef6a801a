"""Running functions: their real handlers, each in a process of its own."""
