"""The task extract at work: windows over long contexts, spans in them, answers."""
