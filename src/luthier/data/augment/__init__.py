"""Ways to make new training rows of those there are: one idea a file, no state."""
