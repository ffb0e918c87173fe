"""Adaptation: new scalers for a network on other cells than those it was trained on; the weights stay."""

from gaincell_char.adaptation.adapt import adapt, identity
from gaincell_char.adaptation.calibration import calibration_ids, windows
from gaincell_char.adaptation.certificate import HeadCertificate, certificate
from gaincell_char.adaptation.function import model_of
from gaincell_char.adaptation.loop import Adaptation
from gaincell_char.adaptation.network import trained_scalers
from gaincell_char.adaptation.suitability import Suitability, suitability
from gaincell_char.adaptation.summary import lines, summary

__all__ = [
    "Adaptation",
    "HeadCertificate",
    "Suitability",
    "adapt",
    "calibration_ids",
    "certificate",
    "identity",
    "lines",
    "model_of",
    "suitability",
    "summary",
    "trained_scalers",
    "windows",
]
