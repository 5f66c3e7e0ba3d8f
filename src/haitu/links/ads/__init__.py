"""Ad platforms: their export files, their reports, and what is told to them."""
