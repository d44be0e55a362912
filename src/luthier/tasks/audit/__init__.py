"""The supervision audit: what encoded rows really teach, measured before the first step."""
