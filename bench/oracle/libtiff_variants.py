"""Writes TIFFs with libtiff and the pixels that libtiff reads back from them, and PNG, BMP and JPEG with PIL's.

Usage: libtiff_variants.py FOLDER SEED FIRST COUNT
File n is of variant n modulo the number of variants, of random size and content. All bytes go into FOLDER/files, the
expected samples (channels one after the other, little-endian) into FOLDER/pixels; stdout is JSON:
{libtiff, variants, files: [{variant, offset, bytes, pixelsOffset, pixelsBytes, dtype, channels, width, height, tolerance}]}
"""

import ctypes
import ctypes.util
import io
import itertools
import json
import os
import sys
import tempfile

import numpy
from PIL import Image

folder, seed, first, count = sys.argv[1], *map(int, sys.argv[2:5])
tiff = ctypes.CDLL(ctypes.util.find_library("tiff"))
tiff.TIFFOpen.restype = ctypes.c_void_p
tiff.TIFFGetVersion.restype = ctypes.c_char_p
for name in ("TIFFStripSize", "TIFFTileSize", "TIFFWriteEncodedStrip", "TIFFReadEncodedStrip", "TIFFWriteEncodedTile",
             "TIFFReadEncodedTile"):
    getattr(tiff, name).restype = ctypes.c_ssize_t
tiff.TIFFSetErrorHandler(None)
tiff.TIFFSetWarningHandler(None)

NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, ZSTD = 1, 5, 7, 8, 32773, 32946, 50000
codec_names = {1: "none", 5: "LZW", 7: "JPEG", 8: "Deflate", 32773: "PackBits", 32946: "old Deflate", 50000: "zstd"}
types = {"u1": (8, 1), "i1": (8, 2), "u2": (16, 1), "i2": (16, 2), "u4": (32, 1), "i4": (32, 2), "f4": (32, 3), "f8": (64, 3)}


def tiff_variants():
    """(dtype, samples, planar, codec, predictor, order, big, tiled, fill, photometric)"""
    made = []
    for dtype, samples, planar, codec, order, tiled in itertools.product(
        types, (1, 3), (False, True), (NONE, LZW, DEFLATE, PACKBITS, ZSTD), "lb", (False, True)
    ):
        if planar and samples == 1:
            continue
        predictors = [1]
        if codec in (LZW, DEFLATE, ZSTD) and dtype not in ("f8",):
            predictors.append(2)
        # libtiff 4.5 writes big-endian files with predictor 3 so that it cannot read them itself.
        if codec in (LZW, DEFLATE, ZSTD) and dtype in ("f4", "f8") and order == "l":
            predictors.append(3)
        for predictor in predictors:
            made.append((dtype, samples, planar, codec, predictor, order, False, tiled, 1, "black"))
    for dtype, codec, order, tiled in itertools.product(("u1", "u2", "f4"), (NONE, LZW, DEFLATE), "lb", (False, True)):
        made.append((dtype, 1, False, codec, 1, order, True, tiled, 1, "black"))
        made.append((dtype, 4, False, codec, 1, order, False, tiled, 1, "alpha"))
        made.append((dtype, 2, False, codec, 1, order, False, tiled, 1, "extra"))
        if dtype != "f4":
            made.append((dtype, 1, False, codec, 1, order, False, tiled, 2, "black"))
            made.append((dtype, 1, False, codec, 1, order, False, tiled, 1, "white"))
        if dtype == "u1":
            made.append((dtype, 1, False, codec, 1, order, False, tiled, 1, "palette"))
    for order, tiled in itertools.product("lb", (False, True)):
        made.append(("u1", 1, False, OLD_DEFLATE, 1, order, False, tiled, 1, "black"))
        made.append(("u1", 1, False, JPEG, 1, order, False, tiled, 1, "black"))
        made.append(("u1", 3, False, JPEG, 1, order, False, tiled, 1, "black"))
    return made


def describe(v):
    dtype, samples, planar, codec, predictor, order, big, tiled, fill, photometric = v
    return " ".join(
        [("BigTIFF" if big else "TIFF"), {"l": "little", "b": "big"}[order] + "-endian", f"{dtype}x{samples}",
         "planar" if planar else "chunky", codec_names[codec], f"predictor {predictor}", "tiles" if tiled else "strips",
         f"fill order {fill}", photometric])


def texture(random, shape, dtype):
    """Smooth, even or noisy samples; 32- and 64-bit ones hold what a 32-bit float holds exactly."""
    if dtype[0] == "f":
        values = random.normal(0, 1000, shape).astype("f4")
    else:
        bits = min(24, 8 * int(dtype[1]))
        low = -(2 ** (bits - 1)) if dtype[0] == "i" else 0
        values = random.integers(low, low + 2**bits, shape)
    kind = random.integers(0, 3)
    if kind == 0:
        values = numpy.cumsum(values // 16 if dtype[0] != "f" else values / 16, axis=1) if dtype[0] == "f" else values // 2
    if kind == 1:
        values[...] = values.flat[0]
    return values.astype(dtype)


def integer(value):
    return ctypes.c_int(int(value))


def set_field(handle, tag, *values):
    if tiff.TIFFSetField(handle, ctypes.c_uint32(tag), *values) != 1:
        raise RuntimeError(f"tag {tag}")


def write_tiff(path, v, pixels, random):
    dtype, samples, planar, codec, predictor, order, big, tiled, fill, photometric = v
    height, width = pixels.shape[:2]
    handle = ctypes.c_void_p(tiff.TIFFOpen(path.encode(), ("w" + order + ("8" if big else "")).encode()))
    bits, sample_format = types[dtype]
    kind = {"white": 0, "palette": 3}.get(photometric, 2 if samples >= 3 else 1)
    for tag, value in ((256, width), (257, height), (258, bits), (277, samples), (339, sample_format), (259, codec),
                       (262, kind), (284, 2 if planar else 1), (266, fill)):
        set_field(handle, tag, integer(value))
    if predictor != 1:
        set_field(handle, 317, integer(predictor))
    if samples in (2, 4):
        set_field(handle, 338, ctypes.c_uint16(1), (ctypes.c_uint16 * 1)(2 if photometric == "alpha" else 0))
    palette = None
    if photometric == "palette":
        palette = random.integers(0, 65536, (3, 256)).astype("u2")
        set_field(handle, 320, *[palette[c].ctypes.data_as(ctypes.c_void_p) for c in range(3)])
    if codec == JPEG:
        set_field(handle, 65537, integer(random.integers(30, 100)))
    if tiled:
        w, h = 16 * int(random.integers(1, 4)), 16 * int(random.integers(1, 4))
        set_field(handle, 322, integer(w))
        set_field(handle, 323, integer(h))
    else:
        w, h = width, int(random.integers(1, height + 1))
        h = -(-h // 16) * 16 if codec == JPEG else h
        set_field(handle, 278, integer(h))
    n = 0
    planes = [pixels[..., c : c + 1] for c in range(samples)] if planar else [pixels]
    for plane in planes:
        for y in range(0, height, h):
            for x in range(0, width, w):
                part = plane[y : y + h, x : x + w]
                if tiled:
                    part = numpy.pad(part, ((0, h - part.shape[0]), (0, w - part.shape[1]), (0, 0)))
                data = bytearray(numpy.ascontiguousarray(part).tobytes())
                buffer = (ctypes.c_char * len(data)).from_buffer(data)
                write = tiff.TIFFWriteEncodedTile if tiled else tiff.TIFFWriteEncodedStrip
                if write(handle, ctypes.c_uint32(n), buffer, ctypes.c_ssize_t(len(data))) != len(data):
                    raise RuntimeError("write")
                n += 1
    tiff.TIFFClose(handle)
    return palette, w, h


def read_tiff(path, v, shape, w, h):
    """All samples of the file as libtiff decodes them."""
    dtype, samples, planar, codec, tiled = v[0], v[1], v[2], v[3], v[7]
    height, width = shape
    handle = ctypes.c_void_p(tiff.TIFFOpen(path.encode(), b"rc"))  # c: strips as they are
    size = (tiff.TIFFTileSize if tiled else tiff.TIFFStripSize)(handle)
    read = tiff.TIFFReadEncodedTile if tiled else tiff.TIFFReadEncodedStrip
    out = numpy.zeros((height, width, samples), dtype)
    inside = 1 if planar else samples
    n = 0
    for c in range(samples if planar else 1):
        for y in range(0, height, h):
            for x in range(0, width, w):
                buffer = ctypes.create_string_buffer(size)
                got = read(handle, ctypes.c_uint32(n), buffer, ctypes.c_ssize_t(size))
                rows = h if tiled else min(h, height - y)
                if got != rows * w * inside * numpy.dtype(dtype).itemsize:
                    raise RuntimeError(f"libtiff reads {got} bytes of {size}, segment {n}, {rows} rows, {shape}: {describe(v)}")
                part = numpy.frombuffer(buffer.raw[:got], dtype).reshape(rows, w, inside)
                target = out[y : y + h, x : x + w, c : c + 1] if planar else out[y : y + h, x : x + w]
                target[...] = part[: target.shape[0], : target.shape[1]]
                n += 1
    tiff.TIFFClose(handle)
    return out


shown_type = {"u1": "uint8", "i1": "int16", "u2": "uint16", "i2": "int16", "u4": "float32", "i4": "float32",
              "f4": "float32", "f8": "float32"}


def tiff_file(v, random):
    dtype, samples, planar, codec, photometric = v[0], v[1], v[2], v[3], v[9]
    shape = int(random.integers(1, 70)), int(random.integers(1, 90))
    pixels = texture(random, (*shape, samples), dtype)
    path = os.path.join(scratch, "a.tif")
    palette, w, h = write_tiff(path, v, pixels, random)
    decoded = read_tiff(path, v, shape, w, h)
    if codec != JPEG and not numpy.array_equal(decoded, pixels, equal_nan=dtype[0] == "f"):
        raise RuntimeError("libtiff does not read what it wrote: " + describe(v))
    if photometric == "white":
        decoded = numpy.iinfo(decoded.dtype).max - decoded
    if palette is not None:
        decoded = (palette >> 8).astype("u1").T[decoded[..., 0]]
    shown = decoded[..., : 3 if decoded.shape[2] >= 3 else 1].astype(shown_type[dtype])
    # T.81 leaves the inverse cosine transform to the decoder, to within rounding.
    return open(path, "rb").read(), shown, 3 if codec == JPEG else 0


def raster_variants():
    for mode in ("L", "I;16", "RGB", "RGBA", "LA", "P", "1"):
        yield "PNG " + mode
    for bits in (1, 2, 4):
        yield f"PNG P {bits} bits"
    yield from ("BMP L", "BMP RGB", "BMP P", "JPEG L", "JPEG L progressive", "JPEG RGB 4:4:4")


def raster_file(name, random):
    """A file as PIL writes it and the pixels that PIL (libpng, libjpeg-turbo) reads from it."""
    shape = int(random.integers(1, 70)), int(random.integers(1, 90))
    format, mode, *rest = name.split(" ")
    channels = {"RGB": (3,), "RGBA": (4,), "LA": (2,)}.get(mode, ())
    values = texture(random, (*shape, *channels) if channels else shape, "u2" if mode == "I;16" else "u1")
    options = {}
    if mode == "1":
        image = Image.fromarray(values > 127)
    elif mode == "P":
        bits = int(rest[0]) if rest else 8
        image = Image.fromarray((values % 2**bits).astype("u1"), "P")
        image.putpalette(random.integers(0, 256, 768).astype("u1").tobytes())
        options = {"bits": bits} if format == "PNG" else {}
    else:
        image = Image.fromarray(values, mode if mode == "I;16" else None)
    if format == "JPEG":
        options = {"quality": int(random.integers(30, 100)), "progressive": "progressive" in name, "subsampling": 0}
    bytes_ = io.BytesIO()
    image.save(bytes_, format, **options)
    back = Image.open(io.BytesIO(bytes_.getvalue()))
    if mode == "P":
        shown = numpy.asarray(back.convert("RGB"))
    elif mode == "1":
        shown = numpy.asarray(back.convert("L"))
    else:
        shown = numpy.asarray(back).astype("u2" if mode == "I;16" else "u1")
    shown = shown[..., None] if shown.ndim == 2 else shown[..., : 3 if shown.shape[2] >= 3 else 1]
    if mode == "P" and (shown[..., :1] == shown).all():
        return None  # a palette that is grey by chance
    return bytes_.getvalue(), shown, 3 if format == "JPEG" else 0


variants = [("tiff", v, describe(v)) for v in tiff_variants()] + [("raster", name, name) for name in raster_variants()]
files = []
with tempfile.TemporaryDirectory() as scratch, open(os.path.join(folder, "files"), "wb") as bytes_out, open(
    os.path.join(folder, "pixels"), "wb"
) as pixels_out:
    for n in range(first, first + count):
        kind, variant, name = variants[n % len(variants)]
        random = numpy.random.default_rng([seed, n])
        made = (tiff_file if kind == "tiff" else raster_file)(variant, random)
        if made is None:
            continue
        data, shown, tolerance = made
        raw = numpy.ascontiguousarray(shown.transpose(2, 0, 1)).tobytes()
        files.append(dict(variant=name, offset=bytes_out.tell(), bytes=len(data), pixelsOffset=pixels_out.tell(),
                          pixelsBytes=len(raw), dtype=str(shown.dtype), channels=shown.shape[2], width=shown.shape[1],
                          height=shown.shape[0], tolerance=tolerance))
        bytes_out.write(data)
        pixels_out.write(raw)
json.dump(dict(libtiff=tiff.TIFFGetVersion().decode().split("\n")[0], variants=len(variants), files=files), sys.stdout)
