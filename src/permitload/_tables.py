"""The tables of a study and the Datasets that flow between modules, as data."""

from dataclasses import dataclass

from permitload._conversion_variables import CONVERSION_TABLES
from permitload._reallocation_variables import REALLOCATION_TABLES
from permitload._technology_variables import TECHNOLOGY_TABLES
from permitload._tier_variables import TIER_TABLES
from permitload._variables import VARIABLES

__all__ = ["COMPONENTS", "DATASETS", "PARK_TOTALS", "STOPS", "TABLES", "Column", "Table"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        A declared variable.
    default : float or str or None, optional
        Value of an empty cell; a column without default must be filled.
    required : bool, optional
        Whether a cell must be filled.
    """

    name: str
    default: float | str | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a study.

    Parameters
    ----------
    name : str
        File name without ``.csv``.
    key : tuple of str
        Columns that together name a row.
    columns : tuple of Column
        All columns, key included.
    meaning : str
        What a row is.
    optional : bool, optional
        Whether a study can do without the table.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    meaning: str
    optional: bool = False


def _columns(text: str) -> tuple[Column, ...]:
    """Read columns from shorthand: ``name`` required, ``name?`` optional, ``name=0`` defaulted."""
    columns = []
    for word in text.split():
        name, _, default = word.partition("=")
        if default:
            variable = VARIABLES[name]
            value: float | str = default if variable.is_label else float(default)
            columns.append(Column(name, value, required=False))
        else:
            columns.append(Column(name.rstrip("?"), None, required=not name.endswith("?")))
    return tuple(columns)


def _tables(*rows: tuple[str, str, str, str]) -> dict[str, Table]:
    tables = {}
    for name, key, columns, meaning in rows:
        tables[name.rstrip("?")] = Table(
            name.rstrip("?"), tuple(key.split()), _columns(columns), meaning, name.endswith("?")
        )
    return tables


TABLES = _tables(
    (
        "reaches",
        "reach",
        "reach from_node to_node length width? side_slope=0 bed_from? bed_to? roughness? polder? "
        "name?",
        "one stretch of river; bed falls from bed_from to bed_to",
    ),
    (
        "nodes?",
        "node",
        "node storage_area=0 storage_volume=0 held=0 x? y? name?",
        "one node; those not listed are junctions",
    ),
    (
        "structures?",
        "structure",
        "structure structure_type from_node to_node crest? width? opening? discharge_coefficient? "
        "length? roughness? pump_capacity? start_stage? stop_stage? one_way=0 name?",
        "one gate, weir, pump or culvert",
    ),
    (
        "cross_sections?",
        "reach height",
        "reach height width",
        "surface width of one reach at one height above its bed",
    ),
    (
        "storage_curves?",
        "node stage",
        "node stage storage_area",
        "surface of one storage node at one stage",
    ),
    (
        "gate_rules?",
        "structure priority",
        "structure priority node? above? below? after? before? opening",
        "opening of one gate while a stage and the time are within bounds; of several rules that "
        "hold, the first counts; where none holds, the gate stays as it is",
    ),
    (
        "polders?",
        "polder outlet_reach",
        "polder outlet_reach pump_capacity from_node? start_stage? stop_stage? name?",
        "the pumps of one polder towards one reach; with a from_node inside, computed flow has "
        "them lift from there to the from_node of that reach",
    ),
    (
        "districts?",
        "reach",
        "reach district land_area?",
        "district of one reach, and the land that drains to it",
    ),
    (
        "periods",
        "period",
        "period days start? temperature? rain? evaporation?",
        "one period, in order; rain and evaporation act on storage nodes where flow is computed",
    ),
    (
        "flows?",
        "reach period",
        "reach period flow velocity? area? depth? dispersion? note?",
        "flow of one reach in one period, without the outlets' effluent; a check where the study "
        "computes its flow",
    ),
    (
        "stages?",
        "node period",
        "node period? stage note?",
        "water level at one node, from which flow is computed; an empty period means all",
    ),
    (
        "openings?",
        "structure period",
        "structure period? opening note?",
        "opening of one gate in one period, from which flow is computed",
    ),
    (
        "lateral_flows?",
        "reach period",
        "reach period? lateral_flow note?",
        "water that enters (+) or leaves (-) evenly along one reach, from which flow is computed",
    ),
    (
        "tides?",
        "node cycle",
        "node amplitude cycle phase=0 note?",
        "one constituent of the tide at one node, around its stage; t from the first period",
    ),
    (
        "rating_curves?",
        "node rating_stage",
        "node rating_stage rating_flow note?",
        "outflow at one node by its stage, straight between rows, up to the highest stage",
    ),
    ("shares?", "reach", "reach share", "prescribed split of load at the reach's upstream node"),
    (
        "boundaries",
        "node period",
        "node period flow note?",
        "declared water entering (+) or leaving (-) at one node",
    ),
    (
        "inflow",
        "node pollutant period",
        "node pollutant period? concentration target_concentration? basis? note?",
        "concentration of the water entering at one node, as measured, and the target that the "
        "upstream owes; an empty period means all",
    ),
    (
        "kinetics",
        "pollutant reach node",
        "pollutant reach? node? decay temperature_factor=1.047 settling=0 basis? note?",
        "rates of one pollutant, everywhere, or in the reach or storage node that the row names",
    ),
    (
        "sections",
        "section",
        "section reach? node? position? water_type=river water_class? name? note?",
        "one control section, on a reach or a node",
    ),
    (
        "standards?",
        "section indicator period",
        "section indicator period? water_class? limit? basis? note?",
        "a target that replaces the class of the section",
    ),
    (
        "observations?",
        "section indicator period date",
        "section indicator period date? concentration? pH? below_detection=0 temperature? note?",
        "one sample; pH stands in its own column, several samples of a period differ by date",
    ),
    (
        "emission_limits?",
        "document clause quantity pollutant discharge condition",
        "document clause? quantity=emission_limit pollutant? discharge? condition? value unit "
        "basis? evidence=given note?",
        "a limit or benchmark of emission that replaces or joins those of the library",
    ),
    (
        "outlets",
        "outlet",
        "outlet reach? node? position? position_to? effluent_flow=0 name? note?",
        "one place where load enters; with position_to, spread evenly along the reach",
    ),
    (
        "works?",
        "works pollutant",
        "works outlet pollutant design_flow acceptance_concentration outlet_concentration "
        "planned_concentration? basis? name? note?",
        "what one works accepts and discharges of one pollutant",
    ),
    (
        "sources",
        "source",
        "source source_class sector? enterprise? outlet? works? wastewater_flow=0 name? note?",
        "one source, at an outlet or behind a works",
    ),
    (
        "source_loads",
        "source pollutant period",
        "source pollutant period? source_load? floor=0 ceiling? generated_load? benchmark_load? "
        "basis? note?",
        "present load and bounds of one source; behind a works they count at the works' outlet, "
        "but generated_load is what arises before any treatment",
    ),
    (
        "source_bounds?",
        "source pollutant period component",
        "source pollutant period? component floor? ceiling? basis? note?",
        "one named floor or ceiling of one source, counted where its loads are; the greatest floor "
        "and the least ceiling hold",
    ),
    (
        "activities?",
        "source activity pollutant",
        "source activity pollutant extent activity_unit? unit_load treated=0 stated_at into_river? "
        "variation=0 polder? basis? note?",
        "one activity of one non-point source, with what a unit of it loses in a year",
    ),
    (
        "month_shares?",
        "activity period",
        "activity period month_share note?",
        "share of the load of a year that one activity has in a period",
    ),
    (
        "lands?",
        "source pollutant",
        "source pollutant land_area curve_number event_concentration base_load=0 into_river=1 "
        "polder? basis? note?",
        "land whose storm runoff is one source",
    ),
    (
        "weather?",
        "date",
        "date rain irrigation? evaporation? seepage? note?",
        "weather and irrigation of one day, from five days before the first period",
    ),
    (
        "paddies?",
        "source pollutant",
        "source pollutant land_area greatest_ponded event_concentration into_river=1 "
        "polder? basis? note?",
        "paddies whose spilled water is one source",
    ),
    (
        "ditches?",
        "polder pollutant",
        "polder pollutant ditch_volume drained_flow ditch_decay basis? note?",
        "ditches of a polder, where a part of one pollutant stays",
    ),
    (
        "pumping?",
        "polder date pollutant",
        "polder date pollutant pumped_volume concentration source? note?",
        "one pumping event of a polder, measured, and the source that it is booked as",
    ),
    (
        "works_days?",
        "works date pollutant",
        "works date pollutant inlet_volume inlet_concentration effluent_volume "
        "outlet_concentration bypass_volume=0 note?",
        "what came to a works on a day, what it let out and what passed it by",
    ),
    ("groups?", "group source", "group source note?", "one source of one group, such as a park"),
    (
        "group_limits?",
        "group pollutant period",
        "group pollutant period? group_limit? annual_total? capacity_share? allowable_emission? "
        "current_permit? basis? note?",
        "limit of one group in a period, an empty period meaning all, or its total of the year: "
        "stated, or the least of its share of the capacity, allowable emission and current permits",
    ),
    (
        "tree?",
        "source_class sector enterprise pollutant",
        "source_class sector? enterprise? pollutant? tree_weight? adjustment_coefficient=1 "
        "reduction_potential? floor? ceiling? basis? note?",
        "one branch of the tree down which the capacity of a section is shared: a source class, "
        "a sector of it, or an enterprise; numbers are at the section, no pollutant means all",
    ),
    ("enterprises?", "enterprise", "enterprise sector name? note?", "one enterprise"),
    (
        "options?",
        "source option pollutant",
        "source option pollutant removal capital=0 operating=0 lifetime? interest? basis? note?",
        "what one exclusive treatment of a source takes off its present load of one pollutant; the "
        "costs are those of the whole option, the same in each of its rows",
    ),
    (
        "reductions?",
        "source pollutant increment",
        "source pollutant increment reduction marginal_cost basis? note?",
        "one piece of what operation can take off beyond the option, in order",
    ),
    *TECHNOLOGY_TABLES,
    *TIER_TABLES,
    *CONVERSION_TABLES,
    *REALLOCATION_TABLES,
)


COMPONENTS = {
    "technology_floor": "floor",
    "minimum_operation": "floor",
    "technology_standard": "ceiling",
    "eia_total": "ceiling",
    "present_permit": "ceiling",
    "benchmark": "ceiling",
}
"""Named floors and ceilings of ``source_bounds``, and which of the two each is."""

STOPS = ("ceiling", "floor", "no target", "fixed", "target")
"""What stops a load, other than a section, a group or a named bound."""

PARK_TOTALS = ("capacity_share", "allowable_emission", "current_permit")
"""What the total of a park is the least of; the sections hold the first where it is empty."""


def _datasets(*rows: tuple[str, str, str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read ``(dataset, dimensions, variables)`` rows."""
    datasets: dict[str, dict[str, tuple[str, ...]]] = {}
    for kind, dims, names in rows:
        datasets.setdefault(kind, {}).update((name, tuple(dims.split())) for name in names.split())
    return datasets


DATASETS = _datasets(
    # depth (mean: area over surface width) is there where every width is known; settling needs it
    ("hydraulics", "reach period", "flow velocity area volume travel_time"),
    ("hydraulics", "node period", "boundary_flow lateral_flow"),
    ("quality", "reach end pollutant period", "concentration"),
    ("quality", "node pollutant period", "node_concentration boundary_in boundary_out"),
    ("quality", "term pollutant period", "ledger"),
    ("response", "section outlet pollutant period", "response delivery_ratio"),
    ("limits", "section indicator period", "limit"),
    ("capacity", "pollutant period", "total status"),
    ("capacity", "section pollutant period", "shadow_price price_lower price_upper"),
    ("capacity", "outlet pollutant period", "canonical_load"),
    ("allocation", "source pollutant period", "permitted_load stopped_by level"),
    ("allocation", "section pollutant period", "shadow_price"),
)
"""Variables and dimensions of each Dataset that flows between modules."""
