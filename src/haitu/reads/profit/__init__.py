"""What was earned: `waterfall` sums any slice of the ledger, `drill` shows the entries behind any of its figures."""

from haitu.reads.profit.postings import Posted, PostedPage, drill
from haitu.reads.profit.slice import ALL, By, Slice
from haitu.reads.profit.sums import Figures, ProfitRow, waterfall

__all__ = ["ALL", "By", "Figures", "Posted", "PostedPage", "ProfitRow", "Slice", "drill", "waterfall"]
