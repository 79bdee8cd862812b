"""The loop: trainer, checkpoints, shards of them, logs and launch on several machines."""
