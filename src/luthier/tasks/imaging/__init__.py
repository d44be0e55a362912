"""The task image at work."""
