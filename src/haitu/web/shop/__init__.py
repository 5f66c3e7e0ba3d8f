"""The shop's pages: one door, one call, one page each."""
