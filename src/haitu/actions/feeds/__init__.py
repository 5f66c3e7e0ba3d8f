"""Product feeds: switched on per market, language and platform, built when they are fetched, watched by the clock."""

from haitu.actions.feeds.build import Built, build, check_feeds, fetched
from haitu.actions.feeds.switch import save_feed

__all__ = ["Built", "build", "check_feeds", "fetched", "save_feed"]
