"""When the spend of a channel, market and campaign is paid back, in contribution, with honest intervals."""
