"""The river network: a checked, frozen topology in which loops and reversal are ordinary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload import _control_units, _lines, _network_checks, _swmm, _swmm_file, _swmm_write
from permitload.errors import NetworkError, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx as nx
    import xarray as xr
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
        ``pump_capacity`` [m3/s]; with ``from_node`` inside, ``start_stage``, ``stop_stage`` [m]
        they are the structure ``POLDER-REACH``, to the ``from_node`` of that reach.

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

    _tables: dict[str, pd.DataFrame]
    _ends: NDArray[np.int64]

    def __init__(
        self,
        reaches: pd.DataFrame,
        nodes: pd.DataFrame | None = None,
        structures: pd.DataFrame | None = None,
        polders: pd.DataFrame | None = None,
    ) -> None:
        tables, faults = _network_checks.scanned(
            {"reaches": reaches, "nodes": nodes, "structures": structures, "polders": polders}
        )
        found, listed, links, pumps = tables.values()
        labels, ends = named = _network_checks.numbered(found, listed)
        links, wrong = _network_checks.with_pumps(links, pumps, found, labels)
        faults += _network_checks.topology_faults(found, listed, links, named) + wrong
        raise_faults(faults, NetworkError)
        tables |= {"structures": links, "nodes": _network_checks.every_node(listed, labels)}
        frozen = {name: _network_checks.read_only(table) for name, table in tables.items()}
        object.__setattr__(self, "_tables", frozen)
        ends.flags.writeable = False
        object.__setattr__(self, "_ends", ends)

    @classmethod
    def from_swmm(cls, path: str | Path) -> RiverNetwork:
        """Read the network of a SWMM 5 input file.

        Conduits become reaches, storage units nodes as at the initial depth, pumps, side orifices
        (as gates) and transverse weirs structures; controls and coordinates in feet or degrees
        are left aside. The rest: ``hydraulics.swmm_tables``, ``hydraulics.swmm_boundaries``.

        Parameters
        ----------
        path : str or Path
            An ``.inp`` file in UTF-8, at most 100 MB, in metric units. Shapes: RECT_OPEN,
            TRAPEZOIDAL (side slopes become their mean), IRREGULAR (without width: a transect).

        Returns
        -------
        RiverNetwork

        Raises
        ------
        NetworkError
            With every fault by line: of the file, and all that the constructor refuses.

        Examples
        --------
        >>> RiverNetwork.from_swmm("nothing.inp")
        Traceback (most recent call last):
        permitload.errors.NetworkError: 1 fault:
          nothing.inp, path: is no file; right would be a text file of at most 100 MB
        """
        tables, model = _swmm.read(Path(path))
        with _swmm_file.checked(model):
            return cls(tables["reaches"], tables["nodes"], tables["structures"])

    def to_swmm(
        self,
        path: str | Path,
        boundaries: xr.Dataset | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> None:
        """Write a SWMM 5 input file, of which :meth:`from_swmm` makes the same network.

        Parameters
        ----------
        path : str or Path
            The ``.inp`` file.
        boundaries : Dataset, optional
            ``stage`` [m] and ``flow`` [m3/s] (node, time); SWMM needs one stage to run.
        tables : mapping, optional
            ``cross_sections`` and ``storage_curves`` by name.

        Raises
        ------
        NetworkError
            With everything that the file cannot hold: polders, held nodes, culverts, gaps.

        Examples
        --------
        >>> names = ["reach", "from_node", "to_node", "length"]
        >>> network = RiverNetwork(pd.DataFrame([["R1", "a", "b", 9.0]], columns=names))
        >>> network.to_swmm("none.inp")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        permitload.errors.NetworkError: ...
        """
        _swmm_write.write(Path(path), {**self._tables, **(tables or {})}, boundaries)

    @classmethod
    def from_geodataframe(cls, reaches: pd.DataFrame, tolerance: float = 1.0) -> RiverNetwork:
        """Make a network of lines on a map, such as a GeoDataFrame.

        Parameters
        ----------
        reaches : GeoDataFrame
            ``reach`` and ``geometry``: lines in projected metres, from ``from_node`` on; further
            columns as in the constructor. Without ``from_node`` and ``to_node``, ends within
            the tolerance of each other become one node, numbered from west to east; without
            ``length``, that of the line counts.
        tolerance : float, default 1
            Distance at which ends of lines are one node [m].

        Returns
        -------
        RiverNetwork
            Nodes have ``x`` and ``y``.

        Raises
        ------
        NetworkError
            If a geometry is not one line, coordinates are degrees, ends of one node lie
            apart, or the constructor refuses the tables.

        Examples
        --------
        >>> from types import SimpleNamespace as Line
        >>> lines = [Line(coords=[(0, 0), (300, 400)]), Line(coords=[(300, 400), (900, 400)])]
        >>> table = pd.DataFrame({"reach": ["R1", "R2"], "geometry": lines})
        >>> RiverNetwork.from_geodataframe(table).reaches["length"].tolist()
        [500.0, 600.0]
        """
        return cls(*_lines.read(reaches, tolerance))

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a RiverNetwork is frozen; make a new one to change {name}"
        raise AttributeError(message)

    def __reduce__(self) -> tuple[type[RiverNetwork], tuple[pd.DataFrame, ...]]:
        """Make and check copies and pickles like the first."""
        return RiverNetwork, tuple(self._tables.values())

    def __repr__(self) -> str:
        parts = int(self.parts.max()) + 1
        words = f"{parts} part{'s' if parts != 1 else ''}"
        return f"RiverNetwork({len(self.reaches)} reaches, {len(self.nodes)} nodes, {words})"

    # Tables are given away as shallow copies, whose columns pandas copies when they are written
    # to: a caller changes its own copy, and a large network costs nothing to read.

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
        return np.asarray(self._ends[0])

    @property
    def to_index(self) -> NDArray[np.int64]:
        """(reach) row of ``to_node`` in ``nodes``; read-only."""
        return np.asarray(self._ends[1])

    @property
    def parts(self) -> pd.Series[int]:
        """Number of the part that each reach belongs to, from 0; structures connect.

        Examples
        --------
        >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "x"],
        ...                         "to_node": ["b", "y"], "length": [1000.0, 2000.0]})
        >>> RiverNetwork(reaches).parts.tolist()
        [0, 1]
        """
        return _network_checks.parts(self.reaches, self.structures, self.nodes.index)

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
        graph.add_nodes_from(self.nodes.to_dict("index").items())
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
        capacity (that of the first stretch of each ``outlet_reach``). Source: practice, unverified.

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
        place = self.locate(sections, "sections")
        units = _control_units.of_tables(self._tables, place, polders, districts)
        return _control_units.table(units, self.reaches.index)

    def units_of(
        self,
        outlets: pd.DataFrame,
        sections: pd.DataFrame,
        polders: pd.DataFrame | None = None,
        districts: pd.DataFrame | None = None,
    ) -> pd.Series[str]:
        """Control unit of each outlet, by the rules of :meth:`control_units`.

        An outlet at the place of a section lies above it, one at a node belongs where water
        that enters the node does, and a source behind a works to the unit of the works' outlet.

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
        water = self.locate(sections, "sections")
        units = _control_units.of_tables(self._tables, water, polders, districts, nodes)
        links = place["reach_index"].to_numpy().copy()
        links[at_node] = len(self.reaches) + len(self.structures) + np.arange(len(nodes))
        names = _control_units.units_at(units, links, place, "outlets")
        return pd.Series(names, place.index, dtype=str, name="control_unit")

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
        return _network_checks.located(table, name, self.reaches, self.nodes.index)
