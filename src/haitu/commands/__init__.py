"""What `./haitu` can do: one command a file, each a `main(arguments)` that returns an exit status."""
