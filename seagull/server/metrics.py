"""Counts for Prometheus; they hold nothing of what was sent."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


class Metrics:
    """The counts of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "seagull_requests", "Requests answered.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "seagull_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.passes = Gauge(
            "seagull_passes", "Passes of the model over regions.", registry=self.registry
        )
        self.regions = Counter("seagull_regions", "Regions assessed.", registry=self.registry)
        self.in_progress = Gauge(
            "seagull_requests_in_progress", "Requests worked on or waiting.", registry=self.registry
        )
        self.images = Gauge("seagull_images", "Photos kept.", registry=self.registry)
        self.photos_encoded = Gauge(
            "seagull_photos_encoded", "Photos encoded since the start.", registry=self.registry
        )
        self.conversations = Gauge(
            "seagull_conversations", "Conversations kept.", registry=self.registry
        )
        self.image_bytes = Gauge(
            "seagull_image_bytes", "Bytes of the photos kept.", registry=self.registry
        )

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
