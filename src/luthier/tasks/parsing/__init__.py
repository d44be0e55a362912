"""The task parse at work: encoding of words, trees from scores, answers."""
