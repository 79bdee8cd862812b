"""From records to batches: index, samples, and packs of one photo with its conversations."""
