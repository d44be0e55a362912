"""The task chat at work: templates, which tokens are learned, generation of the next turn."""
