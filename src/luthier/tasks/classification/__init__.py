"""The task classify at work: encoding of texts, and one file for each kind of answer."""
