"""What the shop's pages show: rows → frozen values ready to print, each page with a known number of queries."""
