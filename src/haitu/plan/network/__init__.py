"""The world's ports and airports, and a whole operator's network over them, made from shipped tables."""
