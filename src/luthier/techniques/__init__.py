"""What is trained and how: one file per technique."""
