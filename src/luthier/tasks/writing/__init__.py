"""Tasks that write: prompts, training on what is to be written, generation."""
