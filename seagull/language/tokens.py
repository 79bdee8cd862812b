"""Placeholder strings in prompts and the label that takes no part in the loss: their only home."""

IMAGE_TOKEN = "<image>"
"""Replaced by the image tokens of the photo."""
GLOBAL_TOKEN = "<global>"
"""Replaced by a region's global token (the region in its whole image)."""
LOCAL_TOKEN = "<local>"
"""Replaced by a region's local token (the cropped region)."""
REGION_MARKER = GLOBAL_TOKEN + LOCAL_TOKEN
"""What stands for a region in a prompt; the n-th marker is the n-th region of the sample."""
PLACEHOLDERS = (IMAGE_TOKEN, GLOBAL_TOKEN, LOCAL_TOKEN)

IGNORE_INDEX = -100
"""Label of a position that is not learned."""
