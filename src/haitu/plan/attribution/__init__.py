"""Which channel a buyer is owed to: credit by a stated rule, rescaled to what the channel is known to have caused."""
