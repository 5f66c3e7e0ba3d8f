"""Draws of the posterior itself, by short chains that Laplace's covariance has made nearly round.

Two moves in turn, each exact: the generalised preconditioned Crank-Nicolson step (Rudolf & Sprungk 2018, Foundations of
Computational Mathematics 18, equation 6), whose reference is Laplace's normal, and a random walk (Roberts, Gelman &
Gilks 1997) for tails that are heavier than normal. All chains move at once, each under hyperparameters of its own; the
length of a stride is settled in the first third, which is then thrown away.
"""

from __future__ import annotations

import numpy as np

from haitu.plan.mix.fit import Fit
from haitu.plan.mix.model import Model
from haitu.plan.mix.response import Floats

WIDER = 1.1  # the reference's standard deviation over Laplace's, so that its tails are not the lighter ones
KEPT = 640  # draws
EACH_MODE = 4  # chains
AIM = 0.3  # of the strides taken


def laplace(found: Fit, draws: int, seed: int) -> Floats:
    """Draws of Laplace's normals, as many of each: (draw, parameter)."""
    dice = np.random.default_rng(seed)
    each = -(-draws // len(found.modes))
    rows = [
        mode.theta + dice.standard_normal((each, len(mode.theta))) @ np.linalg.cholesky(mode.covariance).T
        for mode in found.modes
    ]
    return np.concatenate(rows)


def polish(model: Model, found: Fit, *, steps: int, seed: int) -> tuple[Floats, float]:
    """About 640 draws, the last two thirds of each chain thinned,, and the greatest split R-hat of any parameter."""
    dice = np.random.default_rng(seed)
    modes, size = len(found.modes), len(found.modes[0].theta)
    chains = modes * EACH_MODE
    middle = np.stack([mode.theta for mode in found.modes])[:, None, :]
    factors = np.stack([np.linalg.cholesky(mode.covariance) for mode in found.modes]) * WIDER
    matrices = [
        np.stack([mode.whitened.matrices[market].T for mode in found.modes]) for market in range(model.shape[0])
    ]
    spread = np.repeat([model.spreads(mode.hyper) for mode in found.modes], EACH_MODE, axis=0)

    def place(points: Floats) -> Floats:
        grouped = points.reshape(modes, EACH_MODE, size)
        return np.asarray(middle + grouped @ factors.transpose(0, 2, 1)).reshape(chains, size)

    at = dice.standard_normal((chains, size)) / WIDER
    density = model.log_density(place(at), matrices, spread)
    strides, kept, burn = [0.5, 1.6 / np.sqrt(size)], [], steps // 3
    for step in range(steps):
        noise, walking = dice.standard_normal((chains, size)), step % 2
        stride = strides[walking]
        if walking:
            tried, gain = at + stride * noise, 0.0
        else:
            tried = np.sqrt(1 - stride**2) * at + stride * noise
            gain = 0.5 * ((tried**2).sum(axis=1) - (at**2).sum(axis=1))
        reached = model.log_density(place(tried), matrices, spread)
        taken = np.log(dice.random(chains)) < reached - density + gain
        at = np.where(taken[:, None], tried, at)
        density = np.where(taken, reached, density)
        if step < burn:
            strides[walking] = min(0.99, stride * float(np.exp((taken.mean() - AIM) / np.sqrt(1 + step / 8))))
        else:
            kept.append(place(at))
    walks = np.stack(kept)  # (step, chain, parameter)
    thin = max(1, len(walks) * chains // KEPT)
    return walks[::-1][::thin].reshape(-1, size), disagreement(walks)


def disagreement(walks: Floats) -> float:
    """Gelman & Rubin's R-hat with each chain split in two, the greatest over parameters."""
    half = len(walks) // 2
    split = np.concatenate([walks[:half], walks[half : 2 * half]], axis=1)
    within = split.var(axis=0, ddof=1).mean(axis=0)
    between = split.mean(axis=0).var(axis=0, ddof=1)
    return float(np.sqrt((1 - 1 / half) + between / np.maximum(within, 1e-300)).max())
