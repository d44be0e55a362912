"""Words as tasks that answer word by word read them."""
