"""What the desk's pages show: rows of one merchant become frozen values."""
