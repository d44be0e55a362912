"""The task tag at work: windows over sentences, legal paths through tags, answers."""
