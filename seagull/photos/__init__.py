"""Photos: from files of any kind to upright sRGB pixels, and the names by which they are known."""

from seagull.photos.files import MAX_PIXELS, PhotoError
from seagull.photos.lists import find_photos
from seagull.photos.photo import Photo, PhotoSource, Pixels, read_photo

__all__ = [
    "MAX_PIXELS",
    "Photo",
    "PhotoError",
    "PhotoSource",
    "Pixels",
    "find_photos",
    "read_photo",
]
