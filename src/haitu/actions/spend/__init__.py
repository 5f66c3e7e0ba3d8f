"""What traffic costs: accounts, files and pulls that tell it, and its way into the ledger."""
