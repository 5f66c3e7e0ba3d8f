"""The mix model: what each channel's spend brought, from weekly spend and weekly outcome alone."""
