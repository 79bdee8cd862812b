"""Photos with whole-photo, one-region and mixed distortions, and what is known of their regions."""
