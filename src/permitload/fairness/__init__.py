"""Criteria of fairness: what each asks for, and how far given permits are from it.

A target is a function of the sources, for ``allocation.allocate(..., target=)``. A composition
reconciles claims with rows, for ``allocation.allocate(..., compose=)`` and :func:`divide`. An
index is 0 where permits are what the criterion asks for.

Examples
--------
>>> divide(200.0, [100.0, 200.0, 300.0], talmud)
array([50., 75., 75.])
"""

from permitload.fairness.ahp import Judgement, ahp_weights
from permitload.fairness.alpha import alpha_index, alpha_rule, greatest_total
from permitload.fairness.capped_base import capped_base, capped_base_index
from permitload.fairness.combined import adjustment_coefficient, combined_weights, mixture, scores
from permitload.fairness.contribution import contribution, contribution_index
from permitload.fairness.critic import critic_weights
from permitload.fairness.data_envelopment import (
    ZeroSum,
    constant_returns,
    efficiency,
    variable_returns,
    zero_sum_dea,
)
from permitload.fairness.divide import divide, misplaced
from permitload.fairness.entropy import entropy_weights
from permitload.fairness.equal_awards import equal_awards, equal_awards_index
from permitload.fairness.equal_concentration import (
    equal_concentration,
    equal_concentration_index,
)
from permitload.fairness.equal_losses import equal_losses, equal_losses_index
from permitload.fairness.equal_proportion import equal_proportion, equal_proportion_index
from permitload.fairness.equal_removal import equal_removal, equal_removal_index
from permitload.fairness.gini import gini, least_gini
from permitload.fairness.leximin import leximin, leximin_index
from permitload.fairness.nash import nash, nash_index
from permitload.fairness.price import price_of_fairness
from permitload.fairness.shapley import cost_objections, gain_objections, shapley
from permitload.fairness.talmud import talmud, talmud_index

__all__ = [
    "Judgement",
    "ZeroSum",
    "adjustment_coefficient",
    "ahp_weights",
    "alpha_index",
    "alpha_rule",
    "capped_base",
    "capped_base_index",
    "combined_weights",
    "constant_returns",
    "contribution",
    "contribution_index",
    "cost_objections",
    "critic_weights",
    "divide",
    "efficiency",
    "entropy_weights",
    "equal_awards",
    "equal_awards_index",
    "equal_concentration",
    "equal_concentration_index",
    "equal_losses",
    "equal_losses_index",
    "equal_proportion",
    "equal_proportion_index",
    "equal_removal",
    "equal_removal_index",
    "gain_objections",
    "gini",
    "greatest_total",
    "least_gini",
    "leximin",
    "leximin_index",
    "misplaced",
    "mixture",
    "nash",
    "nash_index",
    "price_of_fairness",
    "scores",
    "shapley",
    "talmud",
    "talmud_index",
    "variable_returns",
    "zero_sum_dea",
]
