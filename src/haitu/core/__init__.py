"""The rules of selling abroad: pure functions on ints, Decimals and frozen values; standard library only."""
