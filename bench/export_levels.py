"""Reads every level of a pyramidal TIFF with libtiff itself (ctypes): export_levels.py FILE WINDOWS.json WINDOWS.raw

Every tile of every reduced level and a sample of the full-resolution ones is decoded; tiles of a reduced level are compared with the
mean of the level below, rounded half to even, and windows of full resolution with the pixels that the compositor made. Prints JSON.
"""
import ctypes
import json
import sys

import numpy

path, windows_path, raw_path = sys.argv[1:4]
tiff = ctypes.CDLL('libtiff.so.6')
tiff.TIFFOpen.restype = ctypes.c_void_p
tiff.TIFFOpen.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
tiff.TIFFSetSubDirectory.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
tiff.TIFFReadTile.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint16]
tiff.TIFFReadTile.restype = ctypes.c_ssize_t
tiff.TIFFSetDirectory.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
handle = tiff.TIFFOpen(path.encode(), b'r')
if not handle:
    sys.exit('libtiff does not open it')


def field(tag, kind):
    value = kind()
    tiff.TIFFGetField(ctypes.c_void_p(handle), ctypes.c_uint32(tag), ctypes.byref(value))
    return value.value


def sub_directories():
    count, offsets = ctypes.c_uint16(), ctypes.POINTER(ctypes.c_uint64)()
    found = tiff.TIFFGetField(ctypes.c_void_p(handle), ctypes.c_uint32(330), ctypes.byref(count), ctypes.byref(offsets))
    return [offsets[n] for n in range(count.value)] if found else []


offsets = [None] + sub_directories()


def open_level(level):
    done = tiff.TIFFSetDirectory(handle, 0) if offsets[level] is None else tiff.TIFFSetSubDirectory(handle, offsets[level])
    if done != 1:
        sys.exit('libtiff does not open level %d' % level)
    return field(256, ctypes.c_uint32), field(257, ctypes.c_uint32), field(322, ctypes.c_uint32)


def read_tile(column, row, side):
    tile = numpy.empty((side, side), numpy.uint16)
    if tiff.TIFFReadTile(handle, tile.ctypes.data, column * side, row * side, 0, 0) != tile.nbytes:
        sys.exit('libtiff does not read tile %d, %d' % (column, row))
    return tile


def read_part(level, x, y, width, height):
    whole_width, whole_height, side = open_level(level)
    part = numpy.zeros((height, width), numpy.uint16)
    for row in range(y // side, (y + height - 1) // side + 1):
        for column in range(x // side, (x + width - 1) // side + 1):
            tile = read_tile(column, row, side)
            x0, y0 = max(x, column * side), max(y, row * side)
            x1, y1 = min(x + width, (column + 1) * side, whole_width), min(y + height, (row + 1) * side, whole_height)
            part[y0 - y:y1 - y, x0 - x:x1 - x] = tile[y0 - row * side:y1 - row * side, x0 - column * side:x1 - column * side]
    return part


levels, random = [], numpy.random.default_rng(1)
for level in range(len(offsets)):
    width, height, side = open_level(level)
    places = [(c, r) for r in range(-(-height // side)) for c in range(-(-width // side))]
    chosen = places if level > 0 else [places[n] for n in random.choice(len(places), min(600, len(places)), replace=False)]
    for column, row in chosen:
        read_tile(column, row, side)
    equal = checked = 0
    if level > 0:
        finer = open_level(level - 1)
        # The inner tiles: at the right and lower edge the last column or row of an odd level stands twice.
        inner = [(c, r) for c, r in places if 2 * (c + 1) * side <= finer[0] and 2 * (r + 1) * side <= finer[1]]
        for n in random.choice(len(inner), min(40, len(inner)), replace=False) if inner else []:
            c, r = inner[n]
            below = read_part(level - 1, 2 * c * side, 2 * r * side, 2 * side, 2 * side).astype(numpy.float64)
            mean = (below[::2, ::2] + below[::2, 1::2] + below[1::2, ::2] + below[1::2, 1::2]) / 4
            equal += bool((numpy.rint(mean) == read_part(level, c * side, r * side, side, side)).all())
            checked += 1
    levels.append(dict(level=level, width=width, height=height, tiles=len(places), read=len(chosen), halved='%d of %d' % (equal, checked)))

rects, raw, at, same = json.load(open(windows_path)), numpy.fromfile(raw_path, numpy.uint16), 0, 0
for r in rects:
    size = r['width'] * r['height']
    expected = raw[at:at + size].reshape(r['height'], r['width'])
    same += bool((read_part(0, r['x'], r['y'], r['width'], r['height']) == expected).all())
    at += size
print(json.dumps(dict(levels=levels, windows='%d of %d' % (same, len(rects)))))
