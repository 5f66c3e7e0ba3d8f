"""What happens around every request: headers for the browser, and which shop is meant."""
