"""From sources to prepared rows: read, clean, split, and keep record of every change."""
