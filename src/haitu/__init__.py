"""Haitu 海图: the operating system of a merchant who sells abroad."""

__version__ = "0.1.0"
