"""The merchant's back office: one file a subject, every page behind the one door."""
