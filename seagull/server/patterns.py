"""Patterns that texts of a request have to match, and each in words, for the error."""

IMAGE_ID = r"^img_[0-9a-f]{32}$"
IMAGE = r"^(data:|img_[0-9a-f]{32}$|https?://)"
PHOTO = r"^(data:|https?://)"
DATA_URI = r"^data:"

_ID = "the id of an image (img_ and 32 of the digits 0-9a-f)"
_URI = "a data URI (data:image/png;base64,...)"
_ADDRESS = "an address (https://...)"

WANTED = {
    IMAGE_ID: f"should be {_ID}",
    IMAGE: f"should be {_ID}, {_URI} or {_ADDRESS}",
    PHOTO: f"should be {_URI} or {_ADDRESS}",
    DATA_URI: f"should be {_URI}",
}
