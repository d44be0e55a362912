"""The parts of language modelling."""
