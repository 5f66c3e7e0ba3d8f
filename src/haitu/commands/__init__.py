"""What `./haitu` can do; one command a file, each a function `main(arguments)` that returns an exit status."""
