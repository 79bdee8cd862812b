"""Files, downloads and streams: what is read and written, whoever asks."""
