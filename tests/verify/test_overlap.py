"""The normals of the null, summed one stretch of the calendar after another, against sums over all of it at once."""

import numpy as np
import pytest

from engine.kernels.streams import null_normals
from engine.verify import overlap
from engine.verify.overlap import CHUNK, Windows, common_factors, eased_length, latent_normals


def at_once(windows, horizon, draws, seed):
    """Plain numpy: all normals of a chunk, their running sums along each instrument's sessions, differences."""
    chunks = []
    calendar = max(int(s[-1]) + 1 for s in windows.sessions) + horizon
    factors, ease = windows.factor.shape[1], windows.ease
    for number, first in enumerate(range(0, draws, CHUNK)):
        shape = (calendar + ease - 1, factors + (0 if windows.own is None else len(windows.own)), CHUNK)
        shocks = null_normals(seed, number).standard_normal(shape)
        late = [shocks[ease - 1 - back : len(shocks) - back] for back in range(ease)]
        shocks = sum(late[1:], late[0])
        out = np.empty((CHUNK, len(windows.start)))
        for row, (i, start) in enumerate(zip(windows.instrument, windows.start, strict=True)):
            own = windows.sessions[i]
            places = np.concatenate([own, own[-1] + 1 + np.arange(horizon)])[: start + 1 + horizon]
            z = shocks[places, :factors].transpose(0, 2, 1) @ windows.factor[i]
            if windows.own is not None:
                z = z + windows.own[i] * shocks[places, factors + i]
            out[:, row] = z[start + 1 :].sum(axis=0) / eased_length(horizon, ease)
        chunks.append(out[: min(CHUNK, draws - first)])
    return np.concatenate(chunks)


@pytest.mark.parametrize(("instruments", "ease", "stretch"), [(1, 1, 64), (3, 4, 64), (3, 4, 7), (10, 3, 50)])
def test_rows_sum_their_own_sessions_whatever_the_stretch(instruments, ease, stretch, monkeypatch):
    rng = np.random.default_rng(instruments)
    calendar = 150
    sessions = tuple(np.sort(rng.permutation(calendar)[: calendar - 5 * i]) for i in range(instruments))
    # some rows are left out, in no order, and the last ones look past the last session
    pairs = rng.permutation([(i, t) for i, own in enumerate(sessions) for t in range(40, len(own))])[::2]
    returns = rng.standard_normal((calendar, instruments)) + rng.standard_normal((calendar, 1))
    factors = common_factors(returns)
    windows = Windows(pairs[:, 1], pairs[:, 0], sessions, *factors, ease=ease)
    monkeypatch.setattr(overlap, "_STRETCH", stretch)
    found = np.concatenate(list(latent_normals(windows, 8, 70, 5)))
    np.testing.assert_allclose(found, at_once(windows, 8, 70, 5), atol=1e-12)
