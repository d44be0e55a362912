"""What adapters take beside peft: a gate for merging, a budget of ranks."""
