"""`python -m haitu.plan mix`: from weekly spend and weekly outcome to contribution per channel, with intervals."""

from __future__ import annotations

import numpy as np
import polars as pl

from haitu.plan import command, tables
from haitu.plan.mix import baseline
from haitu.plan.mix.answers import Answer, answers
from haitu.plan.mix.fit import Fit, fit
from haitu.plan.mix.model import Model
from haitu.plan.mix.polish import laplace, polish
from haitu.plan.mix.read import Given, gather
from haitu.plan.mix.response import Floats

DRAWS = 600
SHORT, LONG = 150, 1500  # steps of a chain


def main(arguments: list[str]) -> int:
    """Writes mix, weekly and fit, and problems.csv."""
    parser = command.parser("mix", "what each channel's spend brought, from weekly spend and outcome")
    parser.add_argument("--outcome", default="contribution", metavar="COLUMN", help="or revenue")
    parser.add_argument("--quick", action="store_true", help="Laplace's normals alone, several times quicker")
    parser.add_argument("--polish", action="store_true", help="longer chains: some seconds for the exact posterior")
    asked = parser.parse_args(arguments)
    given = gather(asked.facts, asked.as_of, outcome_column=asked.outcome)
    steps = 0 if asked.quick else LONG if asked.polish else SHORT
    model, found, draws, rhat = estimate(given, steps=steps, seed=asked.seed)
    said = answers(model, draws)
    tables.write(asked.out, "mix", mix_frame(said, model, given.idle))
    tables.write(asked.out, "weekly", weekly_frame(model, found, draws))
    tables.write(asked.out, "fit", fit_frame(model, found, draws, said, rhat))
    tables.write_problems(asked.out, given.problems)
    return 0


def estimate(given: Given, *, steps: int, seed: int) -> tuple[Model, Fit, Floats, float]:
    """The model, its fit, draws of the posterior and their R-hat (1 where there are no chains)."""
    model = Model(given.panel)
    found = fit(model, seed=seed)
    if steps == 0:
        return model, found, laplace(found, DRAWS, seed), 1.0
    draws, rhat = polish(model, found, steps=steps, seed=seed)
    return model, found, draws, rhat


def mix_frame(said: list[Answer], model: Model, idle: tuple[str, ...]) -> pl.DataFrame:
    """One row per channel and market."""
    whole = {"*": float(model.panel.outcome[model.panel.seen].sum())}
    for market, y, seen in zip(model.panel.markets, model.panel.outcome, model.panel.seen, strict=True):
        whole[market] = float(y[seen].sum())
    rows = [_row(answer, whole[answer.market]) for answer in said]
    rows += [_idle(channel) for channel in idle]
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(answer: Answer, outcome: float) -> dict[str, object]:
    contribution = np.quantile(answer.contribution, [0.05, 0.5, 0.95])
    roi, marginal = np.quantile(answer.roi, [0.05, 0.5, 0.95]), np.quantile(answer.marginal, [0.05, 0.5, 0.95])
    return {
        "channel": answer.channel,
        "market": answer.market,
        "spend": answer.spend,
        **dict(zip(("contribution_p05", "contribution_p50", "contribution_p95"), contribution.tolist(), strict=True)),
        "contribution_mean": float(answer.contribution.mean()),
        **dict(zip(("roi_p05", "roi_p50", "roi_p95"), roi.tolist(), strict=True)),
        "lag_weeks": answer.lag_weeks,
        "saturation": answer.saturation,
        **dict(zip(("marginal_p05", "marginal_p50", "marginal_p95"), marginal.tolist(), strict=True)),
        "share": float(contribution[1]) / outcome if outcome > 0 else 0.0,
        "seen": answer.seen,
        "identified": answer.verdict == "identified",
        "verdict": answer.verdict,
        "because": answer.because,
        "told": answer.told,
    }


def _idle(channel: str) -> dict[str, object]:
    """A channel that never spent: nothing brought, nothing known."""
    names = ("contribution", "roi", "marginal")
    nothing: dict[str, object] = {f"{name}_{part}": 0.0 for name in names for part in ("p05", "p50", "p95")}
    nothing |= dict.fromkeys(("spend", "contribution_mean", "lag_weeks", "saturation", "share", "seen"), 0.0)
    told = "No spend in these weeks, so nothing can be said of it."
    words = {"verdict": "no_data", "because": "no_spend", "told": told}
    return {"channel": channel, "market": "*", "identified": False} | nothing | words


def weekly_frame(model: Model, found: Fit, draws: Floats) -> pl.DataFrame:
    """(market, week, part, mean): baseline, season, each event, each channel, and what is left: they sum to outcome."""
    panel, mode = model.panel, found.modes[0]
    effect = model.effects(draws).mean(axis=0)
    pooled = model.control_effects(draws).mean(axis=0)
    rows: list[tuple[str, object, str, float]] = []
    for market, part in enumerate(model.parts):
        name, size = panel.markets[market], model.sizes[market]
        channels = effect[market][:, part.weeks]
        events = pooled[:, market, part.weeks] if model.many else np.zeros((len(panel.controls), len(part.weeks)))
        rest = panel.outcome[market, part.weeks] - channels.sum(axis=0) - events.sum(axis=0)
        split = baseline.decompose(part, mode.hyper.baseline, float(mode.hyper.noise_ratio[market]), rest / size)
        events = events + split["controls"].T * size
        level, season = split["baseline"] * size, split["season"] * size
        left = panel.outcome[market, part.weeks] - channels.sum(axis=0) - events.sum(axis=0) - level - season
        named = [("baseline", level), ("season", season), *zip(panel.control_names, events, strict=True)]
        for word, series in [*named, *zip(panel.channels, channels, strict=True), ("left", left)]:
            rows += [(name, panel.weeks[week], word, float(x)) for week, x in zip(part.weeks, series, strict=True)]
    return pl.DataFrame(rows, schema=["market", "week", "part", "mean"], orient="row")


def fit_frame(model: Model, found: Fit, draws: Floats, said: list[Answer], rhat: float) -> pl.DataFrame:
    """One row: how well weeks are told, what the errors still hold, and how much each channel's data taught."""
    weekly = weekly_frame(model, found, draws)
    left = weekly.filter(pl.col("part") == "left").sort("market", "week")
    outcome = np.concatenate([y[s] for y, s in zip(model.panel.outcome, model.panel.seen, strict=True)])
    size = np.concatenate([np.full(int(s.sum()), z) for s, z in zip(model.panel.seen, model.sizes, strict=True)])
    error, middle = left["mean"].to_numpy(), outcome - outcome.mean()
    pairs = left.group_by("market", maintain_order=True).agg(pl.col("mean")).get_column("mean").to_list()
    first = np.concatenate([np.array(series[:-1]) for series in pairs])
    second = np.concatenate([np.array(series[1:]) for series in pairs])
    held = float((first * second).sum() / max(float((error**2).sum()), 1e-300))
    row: dict[str, object] = {
        "weeks": len(model.panel.weeks),
        "markets": len(model.panel.markets),
        "srmse": float(np.sqrt(np.mean((error / size) ** 2))),
        "r2": 1 - float((error**2).sum()) / max(float((middle**2).sum()), 1e-300),
        "residual_autocorrelation": held,
        "rhat": rhat,
    }
    every = [answer for answer in said if answer.market == "*"]
    return pl.DataFrame([row | {f"learned_{answer.channel}": answer.learned for answer in every}])
