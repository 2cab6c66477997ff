"""Limits of GB 3838-2002 (地表水环境质量标准), mg/L, as data.

Table 1 holds five classes; Tables 2 and 3 hold one limit each, for sources of drinking water.
pH is a range and water temperature a rise, faecal coliform is a count: none is a limit in mg/L.
"""

__all__ = ["BASIC", "CLASSES", "DRINKING", "LAKE", "NOT_CONCENTRATIONS", "SUPPLEMENTARY"]

CLASSES = ("I", "II", "III", "IV", "V")

BASIC = {
    "DO": (7.5, 6.0, 5.0, 3.0, 2.0),
    "CODMn": (2.0, 4.0, 6.0, 10.0, 15.0),
    "COD": (15.0, 15.0, 20.0, 30.0, 40.0),
    "BOD5": (3.0, 3.0, 4.0, 6.0, 10.0),
    "NH3-N": (0.15, 0.5, 1.0, 1.5, 2.0),
    "TP": (0.02, 0.1, 0.2, 0.3, 0.4),
    "Cu": (0.01, 1.0, 1.0, 1.0, 1.0),
    "Zn": (0.05, 1.0, 1.0, 2.0, 2.0),
    "F": (1.0, 1.0, 1.0, 1.5, 1.5),
    "Se": (0.01, 0.01, 0.01, 0.02, 0.02),
    "As": (0.05, 0.05, 0.05, 0.1, 0.1),
    "Hg": (0.00005, 0.00005, 0.0001, 0.001, 0.001),
    "Cd": (0.001, 0.005, 0.005, 0.005, 0.01),
    "Cr6": (0.01, 0.05, 0.05, 0.05, 0.1),
    "Pb": (0.01, 0.01, 0.05, 0.05, 0.1),
    "CN": (0.005, 0.05, 0.2, 0.2, 0.2),
    "phenol": (0.002, 0.002, 0.005, 0.01, 0.1),
    "oil": (0.05, 0.05, 0.05, 0.5, 1.0),
    "LAS": (0.2, 0.2, 0.2, 0.3, 0.3),
    "S2": (0.05, 0.1, 0.2, 0.5, 1.0),
}
"""Table 1, classes I to V, rivers; DO is a least, all others are a most. F as F, TP as P."""

LAKE = {
    "TP": (0.01, 0.025, 0.05, 0.1, 0.2),
    "TN": (0.2, 0.5, 1.0, 1.5, 2.0),
}
"""Table 1, items with limits of their own in lakes and reservoirs; a river has none for TN."""

SUPPLEMENTARY = {"SO4": 250.0, "Cl": 250.0, "NO3-N": 10.0, "Fe": 0.3, "Mn": 0.1}
"""Table 2."""

DRINKING = {
    "Sb": 0.005,
    "Ni": 0.02,
    "Tl": 0.0001,
    "Mo": 0.07,
    "Co": 1.0,
    "Be": 0.002,
    "B": 0.5,
    "Ba": 0.7,
    "V": 0.05,
    "Ti": 0.1,
    "chloroform": 0.06,
    "carbon tetrachloride": 0.002,
    "dichloromethane": 0.02,
    "1,2-dichloroethane": 0.03,
    "vinyl chloride": 0.005,
    "1,1-dichloroethylene": 0.03,
    "1,2-dichloroethylene": 0.05,
    "trichloroethylene": 0.07,
    "tetrachloroethylene": 0.04,
    "chloroprene": 0.002,
    "hexachlorobutadiene": 0.0006,
    "epichlorohydrin": 0.02,
    "benzene": 0.01,
    "toluene": 0.7,
    "ethylbenzene": 0.3,
    "xylenes": 0.5,
    "styrene": 0.02,
    "chlorobenzene": 0.3,
    "1,2-dichlorobenzene": 1.0,
    "1,4-dichlorobenzene": 0.3,
    "nitrobenzene": 0.017,
    "aniline": 0.1,
    "benzidine": 0.0002,
    "pentachlorophenol": 0.009,
    "acrylonitrile": 0.1,
    "pyridine": 0.2,
    "formaldehyde": 0.9,
    "hydrazine hydrate": 0.01,
}
"""Table 3, items of textile and fluorochemical parks."""

NOT_CONCENTRATIONS = {
    "pH": "a range of 6 to 9",
    "T": "a rise of the weekly mean temperature",
    "FC": "a count of coliform in one litre",
}
"""Table 1, items that are no concentration in mg/L."""
