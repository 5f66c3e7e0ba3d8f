"""Stand-ins for the outside world: servers that behave as the real ones do, each a process of its own."""
