"""Next quarter's advertising per channel × market × campaign × month, under month-by-month cash and a payback term."""
