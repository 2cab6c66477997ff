"""The river network: a checked, frozen topology in which loops and reversal are ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload import _control_units
from permitload.errors import Fault, NetworkError, raise_faults
from permitload.schema import TABLES, VARIABLES, text

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

__all__ = ["RiverNetwork"]


class RiverNetwork:
    """Reaches, nodes, structures and polders that fit together; frozen once made.

    A reach runs from ``from_node`` (position 0) to ``to_node`` (position ``length``); the
    drawing says nothing about the flow, whose sign does. Loops, parallel reaches and
    storage nodes are ordinary, and so are several separate parts.

    Parameters
    ----------
    reaches : DataFrame
        One row a reach: ``reach`` (column or index), ``from_node``, ``to_node``,
        ``length`` [m]; optional ``width`` [m], ``side_slope`` [1], ``bed_from``, ``bed_to``
        [m], ``roughness`` [s/m^(1/3)], ``polder``.
    nodes : DataFrame, optional
        One row a node: ``node``, ``storage_area`` [m2], ``storage_volume`` [m3], ``held``,
        ``x``, ``y`` [m]. Nodes that are not listed are junctions.
    structures : DataFrame, optional
        One row a structure: ``structure``, ``structure_type``, ``from_node``, ``to_node``.
    polders : DataFrame, optional
        One row for the pumps of a polder towards one reach: ``polder``, ``outlet_reach``,
        ``pump_capacity`` [m3/s].

    Raises
    ------
    NetworkError
        With every fault: missing or repeated ids, self-loops, lengths that are not positive,
        numbers out of bounds, listed nodes that no reach touches, unknown nodes or reaches.

    Examples
    --------
    >>> import pandas as pd
    >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"],
    ...                         "to_node": ["b", "c"], "length": [1000.0, 2000.0]})
    >>> RiverNetwork(reaches)
    RiverNetwork(2 reaches, 3 nodes, 1 part)
    """

    reaches: pd.DataFrame
    nodes: pd.DataFrame
    structures: pd.DataFrame
    polders: pd.DataFrame
    from_index: NDArray[np.int64]
    to_index: NDArray[np.int64]

    def __init__(
        self,
        reaches: pd.DataFrame,
        nodes: pd.DataFrame | None = None,
        structures: pd.DataFrame | None = None,
        polders: pd.DataFrame | None = None,
    ) -> None:
        faults: list[Fault] = []
        reach_table = _complete(reaches, "reaches", faults)
        node_table = _complete(nodes, "nodes", faults)
        structure_table = _complete(structures, "structures", faults)
        polder_table = _complete(polders, "polders", faults)
        raise_faults(faults, NetworkError)
        faults += _reach_faults(reach_table) + _node_faults(node_table, reach_table)
        faults += _reference_faults(structure_table, polder_table, reach_table)
        raise_faults(faults, NetworkError)
        labels = pd.Index(
            pd.unique(pd.concat([reach_table["from_node"], reach_table["to_node"]])), name="node"
        )
        ordered = node_table.index.append(labels.difference(node_table.index, sort=False))
        defaults = {c.name: c.default for c in TABLES["nodes"].columns if c.default is not None}
        assign = object.__setattr__
        assign(self, "reaches", reach_table)
        assign(self, "nodes", node_table.reindex(ordered).fillna(defaults).rename_axis("node"))
        assign(self, "structures", structure_table)
        assign(self, "polders", polder_table)
        for end in ("from", "to"):
            index = ordered.get_indexer(pd.Index(reach_table[f"{end}_node"])).astype(np.int64)
            index.flags.writeable = False
            assign(self, f"{end}_index", index)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a RiverNetwork is frozen; make a new one to change {name}"
        raise AttributeError(message)

    def __repr__(self) -> str:
        parts = int(self.parts.max()) + 1
        words = f"{parts} part{'s' if parts != 1 else ''}"
        return f"RiverNetwork({len(self.reaches)} reaches, {len(self.nodes)} nodes, {words})"

    @property
    def parts(self) -> pd.Series[int]:
        """Number of the connected part that each reach belongs to, from 0.

        Examples
        --------
        >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "x"],
        ...                         "to_node": ["b", "y"], "length": [1000.0, 2000.0]})
        >>> RiverNetwork(reaches).parts.tolist()
        [0, 1]
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        count = len(self.nodes)
        links = coo_array(
            (np.ones(len(self.reaches)), (self.from_index, self.to_index)), shape=(count, count)
        )
        _, label = connected_components(links, directed=False)
        codes, _ = pd.factorize(label[self.from_index])
        return pd.Series(codes, index=self.reaches.index, name="part")

    @property
    def graph(self) -> nx.MultiDiGraph[Any]:
        """The network as a networkx MultiDiGraph: edges are keyed by reach, in drawn direction.

        Examples
        --------
        >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "a"],
        ...                         "to_node": ["b", "b"], "length": [1000.0, 2000.0]})
        >>> sorted(RiverNetwork(reaches).graph.edges(keys=True))
        [('a', 'b', 'R1'), ('a', 'b', 'R2')]
        """
        import networkx as nx

        graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
        for node in self.nodes.to_dict("index").items():
            graph.add_node(node[0], **node[1])
        for reach, row in self.reaches.to_dict("index").items():
            graph.add_edge(row["from_node"], row["to_node"], key=reach, **row)
        return graph

    def control_units(
        self,
        sections: pd.DataFrame,
        polders: pd.DataFrame | None = None,
        districts: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Give every stretch of river to the control unit of one section.

        A stretch belongs to the first section below it along the drawing, and to the nearest
        one by distance where there are several; the district decides between sections of one
        branching. Sections inside a drawn cycle form one network unit. Stretches below every
        section go to the nearest section above. A polder is never cut: it goes as a whole to
        the unit that receives most of its pump capacity.

        Parameters
        ----------
        sections : DataFrame
            ``section``, ``reach`` or ``node``, ``position`` [m].
        polders : DataFrame, optional
            Pumps of polders as in the constructor; the network's own by default.
        districts : DataFrame, optional
            ``reach``, ``district``: decides where the water leaves a choice.

        Returns
        -------
        DataFrame
            One row a stretch: ``reach``, ``position``, ``position_to`` [m],
            ``control_unit``, ``bidirectional`` (whether the unit holds a cycle) and
            ``controlling`` (its sections, joined by ``+``). Stretches of one reach do not
            overlap and leave no gap.

        Raises
        ------
        DataError
            If a section is off the network, a part of the network holds no section, or a
            polder has no pump outlet outside itself.

        References
        ----------
        Rules of delineation: water, control section and land together; polders and district
        boundaries are kept whole (practice of control-unit delineation, unverified).

        Examples
        --------
        >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"],
        ...                         "to_node": ["b", "c"], "length": [1000.0, 2000.0]})
        >>> sections = pd.DataFrame({"section": ["S1"], "reach": ["R2"], "position": [500.0]})
        >>> RiverNetwork(reaches).control_units(sections)[["reach", "position", "control_unit"]]
          reach  position control_unit
        0    R1       0.0           S1
        1    R2       0.0           S1
        2    R2     500.0           S1
        """
        pumps = self.polders if polders is None else _complete(polders, "polders", [])
        return _control_units.delineate(self.reaches, sections, pumps, districts)

    def locate(self, table: pd.DataFrame, name: str) -> pd.DataFrame:
        """Find the places of outlets or sections on the network.

        Parameters
        ----------
        table : DataFrame
            ``reach`` and ``position`` [m], or ``node``; one of the two on each row.
        name : str
            Name of the table, for messages; its key is the name without the last letter.

        Returns
        -------
        DataFrame
            ``reach_index`` and ``node_index`` (-1 where it does not apply), ``position`` and
            ``position_to`` [m] (NaN unless spread along the reach), indexed by label.

        Raises
        ------
        DataError
            With every row that is off the network.

        Examples
        --------
        >>> reaches = pd.DataFrame({"reach": ["R1"], "from_node": ["a"], "to_node": ["b"],
        ...                         "length": [1000.0]})
        >>> outlets = pd.DataFrame({"outlet": ["O1"], "reach": ["R1"], "position": [250.0]})
        >>> int(RiverNetwork(reaches).locate(outlets, "outlets").loc["O1", "reach_index"])
        0
        """
        key = name[:-1]
        frame = table.reset_index() if key not in table else table
        frame = frame.reindex(
            columns=[key, "reach", "node", "position", "position_to"]
        ).reset_index(drop=True)
        reach = text(frame["reach"])
        node = text(frame["node"])
        place = pd.DataFrame(
            {
                "reach_index": self.reaches.index.get_indexer(pd.Index(reach)),
                "node_index": self.nodes.index.get_indexer(pd.Index(node)),
                "position": frame["position"].astype(float).fillna(0.0),
                "position_to": frame["position_to"].astype(float),
            }
        )
        place.index = pd.Index(frame[key].astype(str), name=key)
        raise_faults(self._place_faults(place, reach.to_numpy(), node.to_numpy(), name))
        return place

    def _place_faults(
        self, place: pd.DataFrame, reach: NDArray[Any], node: NDArray[Any], name: str
    ) -> list[Fault]:
        """Rows that are nowhere, in two places, or beyond the end of their reach."""
        faults = [
            Fault(name, label, name[:-1], label, "is repeated", "unique labels")
            for label in place.index[place.index.duplicated()]
        ]
        in_reach, in_node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
        start = place["position"].to_numpy()
        stop = np.where(place["position_to"].isna(), start, place["position_to"])
        length = np.where(in_reach >= 0, self.reaches["length"].to_numpy()[in_reach], np.inf)
        off = ~((start >= 0.0) & (start <= stop) & (stop <= length))
        for i in np.flatnonzero((reach != "") == (node != "")):
            problem = "and node are both given or both empty"
            faults.append(
                Fault(name, place.index[i], "reach", None, problem, "either a reach or a node")
            )
        for i in np.flatnonzero((reach != "") & (node == "") & (in_reach < 0)):
            right = "a reach of reaches"
            faults.append(Fault(name, place.index[i], "reach", reach[i], "is unknown", right))
        faults.extend(
            Fault(name, place.index[i], "node", node[i], "is unknown", "a node")
            for i in np.flatnonzero((node != "") & (reach == "") & (in_node < 0))
        )
        for i in np.flatnonzero((reach != "") & (node == "") & (in_reach >= 0) & off):
            column = "position" if not 0.0 <= start[i] <= length[i] else "position_to"
            value = start[i] if column == "position" else stop[i]
            right = f"0 ≤ position ≤ position_to ≤ {length[i]:g} m"
            problem = f"is not on reach {reach[i]}"
            faults.append(Fault(name, place.index[i], column, value, problem, right))
        return faults


def _complete(table: pd.DataFrame | None, name: str, faults: list[Fault]) -> pd.DataFrame:
    """Copy a table with all declared columns, labels as text, numbers as float, key as index."""
    declared = TABLES[name]
    every = [column.name for column in declared.columns]
    frame = pd.DataFrame(columns=every) if table is None else table
    frame = frame if declared.key[0] in frame.columns else frame.reset_index()
    columns = {}
    for column in declared.columns:
        given = frame[column.name] if column.name in frame.columns else None
        if given is None and column.required:
            faults.append(
                Fault(name, None, column.name, None, "is missing", f"a column {column.name}")
            )
        elif VARIABLES[column.name].is_label:
            default = "" if column.default is None else column.default
            blank = pd.Series(default, frame.index, dtype=object)
            columns[column.name] = text(blank if given is None else given)
        else:
            default = np.nan if column.default is None else column.default
            number = pd.Series(default, frame.index) if given is None else given
            columns[column.name] = pd.to_numeric(number, errors="coerce").astype(float)
    return pd.DataFrame(columns, index=frame.index).set_index(declared.key[0])


def _bound_faults(table: pd.DataFrame, name: str) -> list[Fault]:
    """Labels that are missing or repeated, numbers that are missing or out of bounds."""
    key = TABLES[name].key[0]
    faults = [
        Fault(name, label, key, label, "is repeated", "unique labels")
        for label in table.index[table.index.duplicated()].unique()
        if len(TABLES[name].key) == 1
    ]
    for column in TABLES[name].columns:
        if column.name == key:
            bad = np.asarray(table.index == "")
            values: NDArray[Any] = np.asarray(table.index)
            right = "a label"
        elif VARIABLES[column.name].is_label:
            values = table[column.name].to_numpy()
            bad = (values == "") & column.required
            right = "a label"
        else:
            variable = VARIABLES[column.name]
            values = table[column.name].to_numpy(dtype=float)
            bad = (values < variable.lower) | (values > variable.upper) | np.isinf(values)
            bad |= np.isnan(values) & column.required
            right = f"a number from {variable.lower:g} to {variable.upper:g} {variable.unit}"
        faults.extend(
            Fault(name, table.index[i], column.name, values[i], "is not valid", right)
            for i in np.flatnonzero(bad)
        )
    return faults


def _reach_faults(reaches: pd.DataFrame) -> list[Fault]:
    faults = _bound_faults(reaches, "reaches")
    if reaches.empty:
        faults.append(Fault("reaches", None, "reach", None, "is empty", "at least one reach"))
    loops = reaches.index[(reaches["from_node"] == reaches["to_node"]).to_numpy()]
    faults.extend(
        Fault("reaches", label, "to_node", reaches.loc[label, "to_node"],
              "is also the from_node (self-loop)", "two different nodes")
        for label in loops
    )  # fmt: skip
    zero = reaches.index[(reaches["length"] == 0.0).to_numpy()]
    faults.extend(
        Fault("reaches", label, "length", 0.0, "is not positive", "a length > 0 m")
        for label in zero
    )
    return faults


def _node_faults(nodes: pd.DataFrame, reaches: pd.DataFrame) -> list[Fault]:
    faults = _bound_faults(nodes, "nodes")
    touched = set(reaches["from_node"]) | set(reaches["to_node"])
    faults.extend(
        Fault("nodes", label, "node", label, "touches no reach", "a node that ends a reach")
        for label in nodes.index
        if label not in touched
    )
    return faults


def _reference_faults(
    structures: pd.DataFrame, polders: pd.DataFrame, reaches: pd.DataFrame
) -> list[Fault]:
    """Structures and polders that name nodes or reaches which do not exist."""
    nodes = set(reaches["from_node"]) | set(reaches["to_node"])
    faults = _bound_faults(structures, "structures") + _bound_faults(polders, "polders")
    faults.extend(
        Fault("structures", label, end, value, "is unknown", "a node of reaches")
        for end in ("from_node", "to_node")
        for label, value in structures[end].items()
        if value not in nodes
    )
    faults.extend(
        Fault("polders", label, "outlet_reach", value, "is unknown", "a reach of reaches")
        for label, value in polders["outlet_reach"].items()
        if value not in reaches.index
    )
    known = set(polders.index)
    faults.extend(
        Fault("reaches", label, "polder", value, "has no pumps", "a polder of polders")
        for label, value in reaches["polder"].items()
        if value and value not in known
    )
    return faults
