"""Stand-ins for ad platforms, which speak the documented shapes on a local port."""
