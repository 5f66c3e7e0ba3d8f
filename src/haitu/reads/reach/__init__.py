"""What the merchant's rows say of traffic, as the tables the planner takes."""
