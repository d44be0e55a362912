"""The loop, its step, its schedules and its checkpoints."""
