"""Where places cut the reaches."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload._profile import SNAP
from permitload.quality._layout import layout


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(0, 12), st.integers(0, 5))
@settings(deadline=None, max_examples=300)
def test_places_keep_their_position_and_near_ones_share_a_point(
    seed: int, reaches: int, outlets: int, sections: int
) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(1.0, 50.0, reaches)

    def places(count: int) -> pd.DataFrame:
        reach = rng.integers(-1, reaches, count)
        share = rng.choice([0.0, 1.0, 0.25, 0.5, 0.75], count)
        jitter = rng.choice([-0.4, 0.0, 0.4], count) * SNAP
        position = np.clip(share * lengths[reach] + jitter, 0.0, lengths[reach])
        stop = np.where(rng.random(count) < 0.3, lengths[reach], np.nan)
        return pd.DataFrame({"reach_index": reach, "position": position, "position_to": stop})

    tables = [places(outlets), places(sections)]
    cut = layout(lengths, tables)
    np.testing.assert_array_equal(cut.reach, np.repeat(np.arange(reaches), np.diff(cut.first)))
    np.testing.assert_array_equal(cut.start[cut.first[:-1]], 0.0)
    np.testing.assert_array_equal(cut.stop[cut.first[1:] - 1], lengths)
    inner = cut.reach[1:] == cut.reach[:-1]
    np.testing.assert_array_equal(cut.stop[:-1][inner], cut.start[1:][inner])
    assert (cut.stop - cut.start > SNAP).all()
    for table, points in zip(tables, cut.point, strict=True):
        on = table["reach_index"].to_numpy()
        for reach, position, point in zip(on, table["position"], points, strict=True):
            if reach < 0 or point < 0:
                continue
            ends = np.append(cut.start[cut.reach == reach], lengths[reach])
            # three places within 0.8 of the snap of each other at most
            assert abs(ends[point - cut.first[reach] - reach] - position) <= SNAP
    row, segment, share = cut.spread
    for outlet in range(outlets):
        mine = row == outlet
        if mine.any():
            assert share[mine].sum() == np.float64(1.0) or abs(share[mine].sum() - 1.0) < 1e-12
            np.testing.assert_array_equal(
                cut.reach[segment[mine]], tables[0]["reach_index"][outlet]
            )
    wide = (tables[0]["reach_index"] >= 0) & (
        tables[0]["position_to"] - tables[0]["position"] > 2 * SNAP
    )
    assert set(row) == set(np.flatnonzero(wide))
