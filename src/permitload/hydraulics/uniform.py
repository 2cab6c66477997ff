"""Uniform flow in trapezoids; a triangle has ``width`` 0, a rectangle ``side_slope`` 0.

All functions take numbers or arrays that broadcast, and return an array of the joint shape.
"""

import numpy as np
from numpy.typing import ArrayLike

from permitload.errors import raise_faults
from permitload.hydraulics._section import Array, checked, first, ratio, solve

__all__ = [
    "GRAVITY",
    "area",
    "bed_shear_velocity",
    "conveyance",
    "critical_depth",
    "depth_of_area",
    "froude",
    "hydraulic_radius",
    "normal_depth",
    "top_width",
    "velocity",
    "wetted_perimeter",
]

GRAVITY = 9.81
"""Acceleration of gravity [m/s2]."""


def area(depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Wetted cross-section, A = y (b + z y).

    Parameters
    ----------
    depth : array_like
        Depth above the bed, y ≥ 0 [m].
    width : array_like
        Bottom width, b ≥ 0 [m].
    side_slope : array_like
        Horizontal per vertical of the banks, z ≥ 0 [1]; not 0 where ``width`` is 0.

    Returns
    -------
    ndarray
        Area [m2].

    Raises
    ------
    DataError
        If a value is not a finite number ≥ 0, or width and side slope are both 0.

    Examples
    --------
    >>> float(area(2.0, 10.0, 1.5))
    26.0
    """
    y, b, z = checked({"depth": depth, "width": width, "side_slope": side_slope})
    return y * (b + z * y)


def wetted_perimeter(depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Length of bed and banks under water, P = b + 2 y √(1 + z²).

    Parameters
    ----------
    depth, width, side_slope : array_like
        As for :func:`area` [m, m, 1].

    Returns
    -------
    ndarray
        Perimeter [m].

    Raises
    ------
    DataError
        As for :func:`area`.

    Examples
    --------
    >>> float(wetted_perimeter(3.0, 10.0, 0.75))
    17.5
    """
    y, b, z = checked({"depth": depth, "width": width, "side_slope": side_slope})
    return b + 2.0 * y * np.hypot(1.0, z)


def top_width(depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Width of the water surface, T = b + 2 z y.

    Parameters
    ----------
    depth, width, side_slope : array_like
        As for :func:`area` [m, m, 1].

    Returns
    -------
    ndarray
        Width [m].

    Raises
    ------
    DataError
        As for :func:`area`.

    Examples
    --------
    >>> float(top_width(2.0, 10.0, 1.5))
    16.0
    """
    y, b, z = checked({"depth": depth, "width": width, "side_slope": side_slope})
    return b + 2.0 * z * y


def hydraulic_radius(depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Area over wetted perimeter, R = A / P; 0 at depth 0.

    Parameters
    ----------
    depth, width, side_slope : array_like
        As for :func:`area` [m, m, 1].

    Returns
    -------
    ndarray
        Radius [m].

    Raises
    ------
    DataError
        As for :func:`area`.

    Examples
    --------
    >>> round(float(hydraulic_radius(3.0, 10.0, 0.75)), 6)
    2.1
    """
    return ratio(area(depth, width, side_slope), wetted_perimeter(depth, width, side_slope))


def depth_of_area(area: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Depth above the bed at which a section has an area: the inverse of :func:`area`.

    Parameters
    ----------
    area : array_like
        Wetted cross-section, A ≥ 0 [m2].
    width, side_slope : array_like
        As for :func:`area` [m, 1].

    Returns
    -------
    ndarray
        Depth [m].

    Raises
    ------
    DataError
        As for :func:`area`.

    Examples
    --------
    >>> float(depth_of_area(26.0, 10.0, 1.5))
    2.0
    """
    a, b, z = checked({"area": area, "width": width, "side_slope": side_slope})
    # this form of the quadratic root neither divides by z = 0 nor cancels
    return ratio(2.0 * a, b + np.sqrt(b**2 + 4.0 * z * a))


def conveyance(
    depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike, roughness: ArrayLike
) -> Array:
    """Discharge per root of the slope, K = A R^(2/3) / n.

    Parameters
    ----------
    depth, width, side_slope : array_like
        As for :func:`area` [m, m, 1].
    roughness : array_like
        Manning coefficient, n > 0 [s/m^(1/3)].

    Returns
    -------
    ndarray
        Conveyance [m3/s].

    Raises
    ------
    DataError
        As for :func:`area`, or if the roughness is not positive.

    References
    ----------
    Manning's equation in SI units; Chow (1959), Open-Channel Hydraulics, ch. 5-6.

    Examples
    --------
    >>> round(float(conveyance(2.0, 10.0, 1.5, 0.025)), 4)
    1369.2301
    """
    y, b, z, n = checked(
        {"depth": depth, "width": width, "side_slope": side_slope, "roughness": roughness}
    )
    return area(y, b, z) * hydraulic_radius(y, b, z) ** (2 / 3) / n


def velocity(flow: ArrayLike, depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Mean velocity without sign, |Q| / A; 0 where the flow is 0.

    Parameters
    ----------
    flow : array_like
        Discharge [m3/s]; its sign does not matter.
    depth, width, side_slope : array_like
        As for :func:`area` [m, m, 1]; a depth of 0 only where the flow is 0.

    Returns
    -------
    ndarray
        Velocity [m/s].

    Raises
    ------
    DataError
        As for :func:`area`, if the flow is not finite, or if it is not 0 at depth 0.

    Examples
    --------
    >>> float(velocity(-13.0, 2.0, 10.0, 1.5))
    0.5
    """
    size, y, b, z = checked(
        {"flow": np.abs(flow), "depth": depth, "width": width, "side_slope": side_slope}
    )
    dry = (size > 0.0) & (y == 0.0)
    raise_faults(first("depth", y, dry, "carries no flow", "a depth > 0 m where there is flow"))
    return ratio(size, area(y, b, z))


def froude(flow: ArrayLike, depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Froude number, u / √(g A / T); 0 where the flow is 0.

    Parameters
    ----------
    flow, depth, width, side_slope : array_like
        As for :func:`velocity` [m3/s, m, m, 1].

    Returns
    -------
    ndarray
        Froude number [1].

    Raises
    ------
    DataError
        As for :func:`velocity`.

    Examples
    --------
    >>> round(float(froude(13.0, 2.0, 10.0, 1.5)), 6)
    0.12523
    """
    mean_depth = ratio(area(depth, width, side_slope), top_width(depth, width, side_slope))
    return ratio(velocity(flow, depth, width, side_slope), np.sqrt(GRAVITY * mean_depth))


def bed_shear_velocity(
    depth: ArrayLike, width: ArrayLike, side_slope: ArrayLike, slope: ArrayLike
) -> Array:
    """Shear velocity of uniform flow, u* = √(g R S₀), with the hydraulic radius.

    Parameters
    ----------
    depth, width, side_slope : array_like
        As for :func:`area` [m, m, 1].
    slope : array_like
        Fall of the bed per length, S₀ > 0 [1].

    Returns
    -------
    ndarray
        Shear velocity [m/s].

    Raises
    ------
    DataError
        As for :func:`area`, or if the slope is not positive.

    Examples
    --------
    >>> round(float(bed_shear_velocity(3.0, 10.0, 0.75, 1e-4)), 6)
    0.045388
    """
    y, b, z, s = checked({"depth": depth, "width": width, "side_slope": side_slope, "slope": slope})
    return np.sqrt(GRAVITY * hydraulic_radius(y, b, z) * s)


def normal_depth(
    flow: ArrayLike,
    width: ArrayLike,
    side_slope: ArrayLike,
    roughness: ArrayLike,
    slope: ArrayLike,
) -> Array:
    """Depth of uniform flow: |Q| = K(y) √S₀, to 1e-13 of the depth; 0 where the flow is 0.

    Parameters
    ----------
    flow : array_like
        Discharge [m3/s]; its sign does not matter.
    width, side_slope : array_like
        As for :func:`area` [m, 1].
    roughness : array_like
        Manning coefficient, n > 0 [s/m^(1/3)].
    slope : array_like
        Fall of the bed per length, S₀ > 0 [1].

    Returns
    -------
    ndarray
        Depth above the bed [m].

    Raises
    ------
    DataError
        As for :func:`area`, or if roughness or slope are not positive.
    ConvergenceError
        Naming the rows, where numbers are beyond what can be computed.

    References
    ----------
    Manning's equation in SI units; Chow (1959), Open-Channel Hydraulics, ch. 6.

    Examples
    --------
    >>> round(float(normal_depth(30.0, 20.0, 2.0, 0.025, 5e-5)), 6)
    2.594343
    """
    size, b, z, n, s = checked({
        "flow": np.abs(flow), "width": width, "side_slope": side_slope, "roughness": roughness,
        "slope": slope,
    })  # fmt: skip

    def error(y: Array) -> tuple[Array, Array]:
        """Return ln of K √S₀ / |Q|, and its derivative to ln y, from 1 (deep) to 8/3 (triangle)."""
        perimeter = b + 2.0 * y * np.hypot(1.0, z)
        logarithm = 5 / 3 * np.log(y * (b + z * y)) - 2 / 3 * np.log(perimeter)
        steepness = 5 / 3 * (b + 2.0 * z * y) / (b + z * y) - 2 / 3 * (1.0 - b / perimeter)
        return logarithm - np.log(n) + np.log(s) / 2.0 - np.log(size), steepness

    return solve(error, (1.0, 8 / 3), size, "normal depth")


def critical_depth(flow: ArrayLike, width: ArrayLike, side_slope: ArrayLike) -> Array:
    """Depth at Froude number 1: Q² T = g A³, to 1e-13 of the depth; 0 where the flow is 0.

    Parameters
    ----------
    flow : array_like
        Discharge [m3/s]; its sign does not matter.
    width, side_slope : array_like
        As for :func:`area` [m, 1].

    Returns
    -------
    ndarray
        Depth above the bed [m].

    Raises
    ------
    DataError
        As for :func:`area`.
    ConvergenceError
        Naming the rows, where numbers are beyond what can be computed.

    References
    ----------
    Chow (1959), Open-Channel Hydraulics, ch. 4.

    Examples
    --------
    >>> round(float(critical_depth(30.0, 20.0, 2.0)), 6)
    0.599711
    """
    size, b, z = checked({"flow": np.abs(flow), "width": width, "side_slope": side_slope})

    def error(y: Array) -> tuple[Array, Array]:
        """Return ln of g A³ / (T Q²), and its derivative to ln y: 3 (rectangle) to 5."""
        top = b + 2.0 * z * y
        logarithm = 3.0 * np.log(y * (b + z * y)) - np.log(top)
        steepness = 3.0 * top / (b + z * y) - (1.0 - b / top)
        return logarithm + np.log(GRAVITY) - 2.0 * np.log(size), steepness

    return solve(error, (3.0, 5.0), size, "critical depth")
