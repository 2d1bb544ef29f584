"""Runs the scorer of ../shared/tools over a solution with meshes: SciPy refuses to interpolate at a single point, which the scorer asks for.

usage: score_bent.py SCORER [its arguments]
"""

import runpy
import sys

import numpy as np
import scipy.ndimage

interpolate = scipy.ndimage.map_coordinates


def at_points_of_any_shape(values, coordinates, **options):
    coordinates = np.asarray(coordinates, float)
    found = interpolate(values, coordinates.reshape(len(coordinates), -1), **options)
    return found.reshape(coordinates.shape[1:])


scipy.ndimage.map_coordinates = at_points_of_any_shape
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
