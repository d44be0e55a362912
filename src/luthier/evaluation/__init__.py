"""What a model is worth: predictions, measures, verdicts, reports."""
