"""The recipe: one YAML file that says a whole run."""
