"""Emission limits and benchmark drainage, as data: documents, clauses, numbers, how each is known.

Only numbers known with some confidence are here; :data:`ABSENT` names documents without any. What
is no number is not here either: sulfide, aniline and Cr6 of GB 4287 Table 3 must not be detected.
"""

__all__ = ["ABSENT", "DRAINAGE", "LIMITS", "UNITS", "URBAN"]

UNITS = {"colour": "1", "FC": "1/L"}
"""Units other than mg/L; colour is a multiple of dilution."""

URBAN = "through urban sewers the direct limits hold (amendment of 2015-03-27)"
"""What holds for indirect discharge under GB 4287-2012."""

ABSENT = (
    "GB/T 31962", "GB 31570", "GB 31573", "DB32/939", "DB32/3432", "DB32/1072 (industries)",
)  # fmt: skip
"""Documents of which no number is known well enough: a study that needs them gives them."""

LIMITS = (
    ("GB 4287-2012", "Table 2", "memory", """
     COD    |      | 80  | -
     BOD5   |      | 20  | -
     SS     |      | 50  | 100
     colour |      | 50  | 80
     NH3-N  |      | 10  | 20
     NH3-N  | batik| 15  | 30
     TN     |      | 15  | 30
     TN     | batik| 25  | 50
     TP     |      | 0.5 | 1.5
     ClO2   |      | 0.5 | 0.5
     AOX    |      | 12  | 12
     S2     |      | 0.5 | 0.5
     """),
    ("GB 4287-2012", "Table 2, amendment of 2015-03-27", "seen", """
     COD    | to the treatment works of a dyeing park | - | 500
     COD    | to another treatment works              | - | 200
     BOD5   | to the treatment works of a dyeing park | - | 150
     BOD5   | to another treatment works              | - | 50
     """),
    ("GB 4287-2012", "amendment of 2015-03-27, general outlet", "seen", """
     Sb     |      | 0.10 | 0.10
     """),
    ("GB 4287-2012", "Table 3", "memory", """
     COD    |      | 60  | 80
     BOD5   |      | 15  | 20
     SS     |      | 20  | 50
     colour |      | 30  | 50
     NH3-N  |      | 8   | 10
     TN     |      | 12  | 15
     TP     |      | 0.5 | 0.5
     ClO2   |      | 0.5 | 0.5
     AOX    |      | 8   | 8
     """),
    ("GB 4287-2012", "Table 1, for Tables 2 and 3 by the notice of 2015-06", "memory", """
     aniline|      | 1.0 | 1.0
     Cr6    |      | 0.5 | 0.5
     """),
    ("GB 18918-2002", "grade 1A", "memory", """
     COD    |      | 50  | -
     BOD5   |      | 10  | -
     SS     |      | 10  | -
     TN     |      | 15  | -
     NH3-N  | water > 12 degC | 5 | -
     NH3-N  | water ≤ 12 degC | 8 | -
     TP     |      | 0.5 | -
     LAS    |      | 0.5 | -
     oil    |      | 1   | -
     FC     |      | 1000| -
     """),
    ("DB32/1072-2018", "works, protection zones 1 and 2 of Taihu", "uncertain", """
     COD    |      | 40  | -
     NH3-N  | water > 12 degC | 3  | -
     NH3-N  | water ≤ 12 degC | 5  | -
     TN     | water > 12 degC | 10 | -
     TN     | water ≤ 12 degC | 12 | -
     TP     |      | 0.3 | -
     """),
    ("DB32/1072-2018", "works, other areas", "uncertain", """
     COD    |      | 50  | -
     NH3-N  | water > 12 degC | 4  | -
     NH3-N  | water ≤ 12 degC | 6  | -
     TN     | water > 12 degC | 12 | -
     TN     | water ≤ 12 degC | 15 | -
     TP     |      | 0.5 | -
     """),
    ("DB32/4440-2022", "grade A", "uncertain", """
     COD    |      | 30  | -
     NH3-N  | water > 12 degC | 1.5 | -
     NH3-N  | water ≤ 12 degC | 3   | -
     TN     | water > 12 degC | 10  | -
     TN     | water ≤ 12 degC | 12  | -
     TP     |      | 0.3 | -
     """),
    ("DB32/4440-2022", "grade B", "uncertain", """
     COD    |      | 40  | -
     NH3-N  | water > 12 degC | 3  | -
     NH3-N  | water ≤ 12 degC | 5  | -
     TN     | water > 12 degC | 10 | -
     TN     | water ≤ 12 degC | 12 | -
     TP     |      | 0.3 | -
     """),
    ("DB32/4440-2022", "grade C", "uncertain", """
     COD    |      | 50  | -
     NH3-N  | water > 12 degC | 4  | -
     NH3-N  | water ≤ 12 degC | 6  | -
     TN     | water > 12 degC | 12 | -
     TN     | water ≤ 12 degC | 15 | -
     TP     |      | 0.5 | -
     """),
)  # fmt: skip
"""Document, clause, evidence; pollutant, condition, direct, indirect [mg/L but :data:`UNITS`]."""

DRAINAGE = (
    ("GB 4287-2012", "Table 2", "memory", "m3/t", """
     woven cotton, linen, chemical fibre and blends | 140
     silk            | 300
     yarn, knitwear  | 85
     worsted         | 500
     woollen         | 575
     """),
    ("GB 4287-2012", "Table 1", "uncertain", "m3/t", """
     woven cotton, linen, chemical fibre and blends | 175
     silk            | 350
     yarn, knitwear  | 110
     worsted         | 560
     woollen         | 640
     """),
    ("GB 21900-2008", "Table 2", "memory", "L/m2", """
     multi-layer plating  | 500
     single-layer plating | 200
     """),
    ("GB 21900-2008", "Table 3", "memory", "L/m2", """
     multi-layer plating  | 250
     single-layer plating | 100
     """),
)  # fmt: skip
"""Document, clause, evidence, unit; product, most water a tonne of it or a plated m2 may need."""
