"""Regions: from boxes, clicks, masks, polygons and annotations to boolean masks."""
