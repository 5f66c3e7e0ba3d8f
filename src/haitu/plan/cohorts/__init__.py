"""What the customers of today will buy: orders and value per customer, cohort and in all, with intervals."""
