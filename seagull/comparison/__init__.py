"""Before and after: the same regions of two photos, and which became better or worse."""
