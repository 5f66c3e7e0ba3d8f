"""The numbers: forecasts, routes, prices and plans; numpy, polars and a solver, never Django."""
