"""The task contrast at work."""
