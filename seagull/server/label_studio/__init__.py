"""Label Studio's ML backend: its requests and results, from and to regions and reports."""
