"""The code of Label Studio's masks."""

from __future__ import annotations

import numpy as np
import pytest

from seagull.server.label_studio.brush import decode_brush, encode_brush

# Both codes were made by Label Studio's own converter, label_studio_sdk 2.1.2.
CODE = [0, 0, 0, 192, 57, 27, 254, 75, 0, 183, 255, 132, 192, 45, 255, 228, 48, 8, 255, 192]
PAINTED = [
    0, 0, 0, 48, 57, 27, 248, 25, 0, 5, 0, 60, 0, 0, 25, 0, 5, 0, 60, 7, 248, 25, 0, 5, 0, 60, 0, 0,
    25, 0, 5, 0, 60, 0, 0, 25, 0, 5, 0, 60, 0, 0, 25, 0, 5, 0, 60, 0, 0, 0, 32, 1, 0, 6, 2, 208, 25,
    0, 5, 0, 60, 0, 4, 65, 32, 100, 68, 18, 6, 68, 65, 32, 100, 68, 18, 6, 64,
]  # fmt: skip


class TestBrush:
    """The codec beside codes that Label Studio's converter made."""

    def test_a_mask_has_the_code_that_label_studio_gives_it(self):
        mask = np.zeros((6, 8), bool)
        mask[2:4, 3:6] = mask[5, 7] = True
        assert encode_brush(mask) == CODE
        assert np.array_equal(decode_brush(CODE, (6, 8)), mask)

    def test_a_painted_pixel_counts_by_its_alpha(self):
        expected = [[0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
        assert decode_brush(PAINTED, (3, 4)).astype(int).tolist() == expected

    @pytest.mark.parametrize("size", [(1, 1), (7, 13), (64, 257), (300, 400)])
    @pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0])
    def test_masks_come_back(self, size, share):
        mask = np.random.default_rng(size[1]).random(size) < share
        assert np.array_equal(decode_brush(encode_brush(mask), size), mask)

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            (CODE[:9], "ends in the middle"),
            ([], "ends in the middle"),
            ([0, 0, 1, *CODE[3:]], "of 448 values"),
            ([*CODE[:6], 255, 255, 255, 255], "behind the end"),
            ([0.5] * 20, "numbers from 0 to 255"),
            ([256] * 20, "numbers from 0 to 255"),
            ("rle", "numbers from 0 to 255"),
        ],
    )
    def test_other_codes_are_refused(self, code, message):
        with pytest.raises(ValueError, match=message):
            decode_brush(code, (6, 8))
        with pytest.raises(ValueError, match="more than"):
            decode_brush(CODE, (60000, 60000))
