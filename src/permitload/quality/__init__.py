"""Kinetics, steady transport and source-to-section response."""

from permitload.quality.kinetics import loss_rate, node_loss
from permitload.quality.response import response
from permitload.quality.steady import steady
from permitload.sampling import at, flow_at

__all__ = ["at", "flow_at", "loss_rate", "node_loss", "response", "steady"]
