"""Pristine photos as working images: 8-bit sRGB with its linear light."""
