"""What everything stands on: errors, configuration, files, language. No torch here."""
