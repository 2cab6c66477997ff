"""The river network: a checked, frozen topology in which loops and reversal are ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload import _control_units, _network_checks
from permitload.errors import Fault, NetworkError, raise_faults
from permitload.schema import TABLES, text

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

__all__ = ["RiverNetwork"]

_TABLES = ("reaches", "nodes", "structures", "polders")


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

    def __init__(
        self,
        reaches: pd.DataFrame,
        nodes: pd.DataFrame | None = None,
        structures: pd.DataFrame | None = None,
        polders: pd.DataFrame | None = None,
    ) -> None:
        faults: list[Fault] = []
        tables = {
            name: _network_checks.completed(table, name, faults)
            for name, table in zip(_TABLES, (reaches, nodes, structures, polders), strict=True)
        }
        found, listed, links, pumps = tables.values()
        faults += _network_checks.topology_faults(found, listed, links)
        faults += _network_checks.polder_faults(pumps, found)
        if not pumps.empty:  # they may also come with control_units
            faults += _network_checks.pumpless_faults(found, pumps)
        raise_faults(faults, NetworkError)
        ends = pd.unique(pd.concat([found["from_node"], found["to_node"]]))
        labels = listed.index.append(pd.Index(ends).difference(listed.index, sort=False))
        defaults = {c.name: c.default for c in TABLES["nodes"].columns if c.default is not None}
        tables["nodes"] = listed.reindex(labels).fillna({**defaults, "name": ""})
        tables["nodes"].index.name = "node"
        object.__setattr__(self, "_tables", tables)
        for end in ("from", "to"):
            index = labels.get_indexer(pd.Index(found[f"{end}_node"])).astype(np.int64)
            index.flags.writeable = False
            object.__setattr__(self, f"_{end}_index", index)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a RiverNetwork is frozen; make a new one to change {name}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __reduce__(self) -> tuple[type[RiverNetwork], tuple[pd.DataFrame, ...]]:
        """Copies and pickles are made, and checked, like the first."""
        return RiverNetwork, tuple(self._tables.values())

    def __repr__(self) -> str:
        parts = int(self.parts.max()) + 1
        words = f"{parts} part{'s' if parts != 1 else ''}"
        return f"RiverNetwork({len(self.reaches)} reaches, {len(self.nodes)} nodes, {words})"

    # Tables are given away as shallow copies: pandas copies a column only when it is written
    # to, so that a caller changes its own copy and a large network costs nothing to read.

    @property
    def reaches(self) -> pd.DataFrame:
        """Reaches, indexed by ``reach``: all columns of the table, text or float."""
        return self._tables["reaches"].copy(deep=False)

    @property
    def nodes(self) -> pd.DataFrame:
        """All nodes, indexed by ``node``: those listed first, then as reaches name them."""
        return self._tables["nodes"].copy(deep=False)

    @property
    def structures(self) -> pd.DataFrame:
        """Structures, indexed by ``structure``."""
        return self._tables["structures"].copy(deep=False)

    @property
    def polders(self) -> pd.DataFrame:
        """Pumps of polders, indexed by ``polder``."""
        return self._tables["polders"].copy(deep=False)

    @property
    def from_index(self) -> NDArray[np.int64]:
        """(reach) row of ``from_node`` in ``nodes``; read-only."""
        return self._from_index.view()

    @property
    def to_index(self) -> NDArray[np.int64]:
        """(reach) row of ``to_node`` in ``nodes``; read-only."""
        return self._to_index.view()

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

        Reaches are cut at the sections. A stretch belongs to the first section below it along
        the drawing, structures included; where the water parts towards several, to the one
        across the fewest district borders, then the nearest. A stretch that leads to no
        section belongs to the unit of the water next to it, the nearest by distance.
        Sections on one drawn cycle, or at one place, share a network unit. A polder is never
        cut: with the sections inside it, it joins the unit that receives most of its pump
        capacity (that of the uppermost stretch of each ``outlet_reach``).

        Parameters
        ----------
        sections : DataFrame
            ``section``, ``reach`` and ``position`` [m], or ``node``.
        polders : DataFrame, optional
            Pumps of polders as in the constructor; the network's own by default.
        districts : DataFrame, optional
            ``reach``, ``district``; a reach that is not listed forms no border.

        Returns
        -------
        DataFrame
            One row a stretch: ``reach``, ``position``, ``position_to`` [m], ``control_unit``,
            ``bidirectional`` (whether a cycle is drawn in the unit, or its water can leave it
            and come back) and ``controlling`` (its sections, joined by ``+``). The stretches of
            a reach do not overlap and leave no gap; units hang together, polders apart.

        Raises
        ------
        DataError
            If there is no section, one is off the network, a stretch is on a part of the
            network without any, or a polder has no pump outlet outside itself.

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
        units = self._delineated(sections, polders, districts)
        return _control_units.table(units, self.reaches.index)

    def units_of(
        self,
        outlets: pd.DataFrame,
        sections: pd.DataFrame,
        polders: pd.DataFrame | None = None,
        districts: pd.DataFrame | None = None,
    ) -> pd.Series[str]:
        """Control unit of each outlet, by the rules of :meth:`control_units`.

        An outlet at the place of a section lies above it. An outlet at a node belongs where
        water that enters the node does. A source behind a works belongs to the unit of the
        works' outlet, wherever its factory stands.

        Parameters
        ----------
        outlets : DataFrame
            ``outlet``, ``reach`` and ``position`` [m], or ``node``; with ``position_to`` spread.
        sections, polders, districts : DataFrame
            As for :meth:`control_units`.

        Returns
        -------
        Series
            ``control_unit`` by outlet.

        Raises
        ------
        DataError
            As :meth:`control_units`; if an outlet is off the network, leads to no section, or
            is spread over two units.

        Examples
        --------
        >>> reaches = pd.DataFrame({"reach": ["R1"], "from_node": ["a"], "to_node": ["b"],
        ...                         "length": [1000.0]})
        >>> sections = pd.DataFrame({"section": ["S1", "S2"], "reach": ["R1", "R1"],
        ...                          "position": [400.0, 900.0]})
        >>> outlets = pd.DataFrame({"outlet": ["O1", "O2"], "reach": ["R1", "R1"],
        ...                         "position": [400.0, 401.0]})
        >>> RiverNetwork(reaches).units_of(outlets, sections).to_dict()
        {'O1': 'S1', 'O2': 'S2'}
        """
        place = self.locate(outlets, "outlets")
        at_node = place["node_index"].to_numpy() >= 0
        nodes = place["node_index"].to_numpy()[at_node]
        units = self._delineated(sections, polders, districts, nodes)
        links = place["reach_index"].to_numpy().copy()
        links[at_node] = len(self.reaches) + len(self.structures) + np.arange(len(nodes))
        names = _control_units.units_at(units, links, place, "outlets")
        return pd.Series(names, place.index, dtype=str, name="control_unit")

    def _delineated(
        self,
        sections: pd.DataFrame,
        polders: pd.DataFrame | None,
        districts: pd.DataFrame | None,
        nodes: NDArray[np.int64] | None = None,
    ) -> _control_units.Units:
        """Units of all stretches; each of ``nodes`` is entered by one more, without length."""
        reaches = self.reaches
        place = self.locate(sections, "sections")
        if place.empty:
            raise_faults([Fault("sections", None, "section", None, "is empty", "a section")])
        given = self.polders.reset_index() if polders is None else polders
        pumps, towns = _network_checks.land(given, districts, reaches)
        outlets = reaches.index.get_indexer(pd.Index(pumps["outlet_reach"]))
        entered = np.empty(0, dtype=np.int64) if nodes is None else nodes
        links = _control_units.links_of(
            reaches, self.structures, self.nodes.index, entered, towns["district"]
        )
        pumped = pumps.reset_index().assign(link=outlets)
        return _control_units.delineate(links, place, pumped)

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
        columns = [key, "reach", "node", "position", "position_to"]
        frame = frame.reindex(columns=columns).reset_index(drop=True)
        reach, node = text(frame["reach"]), text(frame["node"])
        place = pd.DataFrame(
            {
                "reach_index": self.reaches.index.get_indexer(pd.Index(reach)),
                "node_index": self.nodes.index.get_indexer(pd.Index(node)),
                "position": frame["position"].astype(float).fillna(0.0),
                "position_to": frame["position_to"].astype(float),
            }
        )
        place.index = pd.Index(text(frame[key]), name=key)
        on = place["reach_index"].to_numpy()
        length = np.where(on >= 0, self.reaches["length"].to_numpy()[on], np.inf)
        given = reach.to_numpy(), node.to_numpy()
        raise_faults(_network_checks.place_faults(name, place, given, length))
        return place
