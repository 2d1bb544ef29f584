"""Writes TIFF variants and their true pixels into a folder, with tifffile and libtiff's tiffcp.

Usage: tiff-variants.py FOLDER. Prints a JSON list of {name, file, raw, dtype, channels, width, height, pages, tolerance}
for variants that must be read, and {name, file, refused} for those that must be refused by name.
`raw` holds the channels one after the other, little-endian.
"""

import json
import os
import struct
import subprocess
import sys
import zlib

import numpy
import tifffile

folder = sys.argv[1]
width, height = 83, 61
random = numpy.random.default_rng(7)
variants = []


def path(name):
    return os.path.join(folder, name)


def texture(channels, low, high):
    y, x = numpy.mgrid[0:height, 0:width]
    wave = numpy.sin(x / 9)[..., None] * numpy.cos(y / 7)[..., None] + numpy.arange(channels) * 0.2
    noise = random.normal(0, 0.05, (height, width, channels))
    unit = (wave + noise - (wave + noise).min()) / numpy.ptp(wave + noise)
    return low + unit * (high - low)


def record(name, file, pixels, pages=1, tolerance=0):
    """pixels: (height, width, channels) as they must come out"""
    raw = file + "." + str(len(variants)) + ".raw"
    little = pixels.dtype.newbyteorder("<")
    numpy.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(little).tofile(path(raw))
    variants.append(
        dict(name=name, file=file, raw=raw, dtype=str(pixels.dtype), channels=pixels.shape[2], width=width,
             height=height, pages=pages, tolerance=tolerance)
    )


def refuse(name, file, refused):
    variants.append(dict(name=name, file=file, refused=refused))


def tiffcp(source, file, *options):
    subprocess.run(["tiffcp", *options, path(source), path(file)], check=True, capture_output=True)


def base(file, pixels, **options):
    """pixels (height, width, channels), written uncompressed"""
    channels = pixels.shape[2]
    kind = "rgb" if channels >= 3 else "minisblack"
    squeezed = pixels[..., 0] if channels == 1 else pixels
    tifffile.imwrite(path(file), squeezed, photometric=options.pop("photometric", kind), metadata=None, **options)


kinds = {
    "uint8": texture(3, 0, 255).astype("uint8"),
    "uint16": texture(3, 0, 65535).astype("uint16"),
    "int16": texture(3, -32768, 32767).astype("int16"),
    "float32": texture(3, -1, 1e6).astype("float32"),
}

codecs = [("none", ["none"]), ("packbits", ["packbits"])]
for name in ("lzw", "zip", "zstd"):
    codecs += [(name, [name]), (name + " predictor 2", [name + ":2"])]

for dtype, pixels in kinds.items():
    for channels in (1, 3):
        shown = pixels[..., :channels]
        source = f"base-{dtype}-{channels}.tif"
        base(source, shown, rowsperstrip=7)
        record(f"{dtype} x{channels} strips as tifffile writes them", source, shown)
        own = codecs + ([(n + " predictor 3", [n + ":3"]) for n in ("lzw", "zip", "zstd")] if dtype == "float32" else [])
        planar = f"planar-{dtype}.tif"
        if channels == 3:
            tifffile.imwrite(path(planar), shown.transpose(2, 0, 1), photometric="rgb", planarconfig="separate",
                             metadata=None, rowsperstrip=7)
            record(f"{dtype} x3 planar", planar, shown)
        for codec, option in own:
            for order in ("-L", "-B"):
                layouts = {"strips": ["-s", "-r", "9"], "tiles": ["-t", "-w", "32", "-l", "16"]}
                if channels == 3:
                    layouts["planar"] = ["-s", "-r", "9"]
                if order == "-B" and codec.endswith("3"):
                    continue  # libtiff 4.5 writes these so that it cannot read them itself: see below
                if codec.startswith("zstd") and dtype not in ("uint16", "float32"):
                    continue
                for layout, flags in layouts.items():
                    file = f"{dtype}-{channels}-{codec}-{layout}{order}.tif".replace(" ", "-")
                    tiffcp(planar if layout == "planar" else source, file, "-c", *option, *flags, order)
                    record(f"{dtype} x{channels} {codec} {layout} {order}", file, shown)

grey8, grey16 = "base-uint8-1.tif", "base-uint16-1.tif"
for codec in ("none", "lzw:2", "zip", "packbits"):
    for source, dtype in ((grey8, "uint8"), (grey16, "uint16")):
        file = f"fill-order-{dtype}-{codec.replace(':', '-')}.tif"
        tiffcp(source, file, "-c", codec, "-f", "lsb2msb")
        record(f"FillOrder 2 {dtype} {codec}", file, kinds[dtype][..., :1])
for order in ("-L", "-B"):
    tiffcp(grey16, f"big{order}.tif", "-8", order, "-c", "lzw:2", "-t", "-w", "16", "-l", "16")
    record(f"BigTIFF {order}", f"big{order}.tif", kinds["uint16"][..., :1])


def big_endian_float_predictor(file, pixels):
    """One Deflate strip with predictor 3: rows of byte planes, most significant first, then byte differences."""
    rows = pixels[..., 0].astype(">f4").reshape(height, width, 1).view("u1").transpose(0, 2, 1).reshape(height, -1)
    strip = zlib.compress(numpy.diff(rows, axis=1, prepend=numpy.zeros((height, 1), "u1")).astype("u1").tobytes())
    tags = [(256, width), (257, height), (258, 32), (259, 8), (262, 1), (273, 8), (277, 1), (278, height),
            (279, len(strip)), (317, 3), (339, 3)]
    directory = struct.pack(">H", len(tags)) + b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
    strip += b"\0" * (len(strip) % 2)
    with open(path(file), "wb") as handle:
        handle.write(b"MM" + struct.pack(">HI", 42, 8 + len(strip)) + strip + directory + struct.pack(">I", 0))


big_endian_float_predictor("float-predictor-B.tif", kinds["float32"])
assert (tifffile.TiffFile(path("float-predictor-B.tif")).pages[0].predictor == 3)
record("float32 predictor 3 big-endian", "float-predictor-B.tif", kinds["float32"][..., :1])
tiffcp("float-predictor-B.tif", "float-predictor-plain.tif", "-c", "none", "-L")
assert (tifffile.imread(path("float-predictor-plain.tif")) == kinds["float32"][..., 0]).all()

for dtype in ("uint8", "uint16"):
    base(f"white-{dtype}.tif", kinds[dtype][..., :1], photometric="miniswhite")
    record(f"MinIsWhite {dtype}", f"white-{dtype}.tif", numpy.iinfo(dtype).max - kinds[dtype][..., :1])

tifffile.imwrite(path("pages.tif"), numpy.stack([kinds["uint8"][..., c] for c in range(3)]), photometric="minisblack",
                 metadata=None)
record("multi-page", "pages.tif", kinds["uint8"][..., :1], pages=3)
rgba = numpy.concatenate([kinds["uint16"], kinds["uint16"][..., :1]], axis=2)
base("rgba.tif", rgba, extrasamples=["unassalpha"])
record("RGB with alpha", "rgba.tif", kinds["uint16"])
palette = random.integers(0, 65536, (3, 256)).astype("uint16")
base("palette.tif", kinds["uint8"][..., :1], photometric="palette", colormap=palette)
record("colour palette", "palette.tif", (palette >> 8).astype("uint8").T[kinds["uint8"][..., 0]])

for dtype, shown in (("int8", "int16"), ("uint32", "float32"), ("int32", "float32"), ("float64", "float32")):
    values = texture(1, -100 if dtype != "uint32" else 0, 100).astype("int8" if dtype == "int8" else "int32")
    base(f"{dtype}.tif", values.astype(dtype), byteorder=">")
    record(f"{dtype} big-endian", f"{dtype}.tif", values.astype(shown))

# JPEG in TIFF: the truth is what libtiff decodes.
for name, source, option, channels in (
    ("grey JPEG", grey8, "jpeg:90", 1), ("YCbCr JPEG", "base-uint8-3.tif", "jpeg:95", 3), ("RGB JPEG", "base-uint8-3.tif", "jpeg:r:90", 3)
):
    for layout, flags in (("strips", ["-s", "-r", "16"]), ("tiles", ["-t", "-w", "32", "-l", "32"])):
        file = f"{name}-{layout}.tif".replace(" ", "-")
        tiffcp(source, file, "-c", option, *flags)
        from PIL import Image

        decoded = numpy.asarray(Image.open(path(file)).convert("RGB" if channels == 3 else "L"))
        # Chroma is interpolated differently by every decoder; luma and RGB agree to rounding.
        record(f"{name} {layout}", file, decoded.reshape(height, width, channels), tolerance=24 if "Y" in name else 2)


def patched(source, file, *changes):
    """Copies a little-endian classic TIFF and renames tags of its first directory: (old tag, new tag)"""
    data = bytearray(open(path(source), "rb").read())
    at = struct.unpack_from("<I", data, 4)[0]
    for i in range(struct.unpack_from("<H", data, at)[0]):
        entry = at + 2 + 12 * i
        for old, new in changes:
            if struct.unpack_from("<H", data, entry)[0] == old:
                struct.pack_into("<H", data, entry, new)
    open(path(file), "wb").write(data)


tiffcp(grey8, "strips-lzw.tif", "-c", "lzw", "-s", "-r", "9")
patched("strips-lzw.tif", "no-counts-lzw.tif", (279, 65000))
record("without StripByteCounts, LZW", "no-counts-lzw.tif", kinds["uint8"][..., :1])
patched(grey8, "no-counts.tif", (279, 65000))
record("without StripByteCounts", "no-counts.tif", kinds["uint8"][..., :1])

bits = kinds["uint8"][..., 0] > 127
tifffile.imwrite(path("bits.tif"), bits, photometric="minisblack", metadata=None)
refuse("1-bit", "bits.tif", "1-bit")
patched("bits.tif", "bits-untagged.tif", (258, 65000))
refuse("1-bit without BitsPerSample", "bits-untagged.tif", "1-bit")
tiffcp("bits.tif", "g4.tif", "-c", "g4")
refuse("CCITT", "g4.tif", "CCITT Group 4")
tiffcp(grey8, "lzma.tif", "-c", "lzma")
refuse("LZMA", "lzma.tif", "LZMA")
cmyk = numpy.concatenate([kinds["uint8"], kinds["uint8"][..., :1]], axis=2)
base("cmyk.tif", cmyk, photometric="separated")
refuse("CMYK", "cmyk.tif", "CMYK")
base("half.tif", kinds["float32"][..., :1].astype("float16"))
refuse("float16", "half.tif", "16-bit float")
base("complex.tif", kinds["float32"][..., :1].astype("complex64"))
refuse("complex", "complex.tif", "complex")
base("jp2.tif", kinds["uint8"][..., :1])


def with_value(source, file, tag, value):
    data = bytearray(open(path(source), "rb").read())
    at = struct.unpack_from("<I", data, 4)[0]
    for i in range(struct.unpack_from("<H", data, at)[0]):
        entry = at + 2 + 12 * i
        if struct.unpack_from("<H", data, entry)[0] == tag:
            struct.pack_into("<H", data, entry + 8, value)
    open(path(file), "wb").write(data)


for name, code in (("JPEG 2000", 34712), ("WebP", 50001), ("old-style JPEG", 6), ("LERC", 34887)):
    file = f"compression-{code}.tif"
    with_value(grey8, file, 259, code)
    refuse(f"compression {code}", file, name)
for name, code in (("CIE L*a*b*", 8), ("colour-filter-array", 32803), ("YCbCr", 6)):
    file = f"photometric-{code}.tif"
    with_value("base-uint8-3.tif", file, 262, code)
    refuse(f"photometric {code}", file, name)
huge = numpy.full((4, 4), 16777217, "uint32")
tifffile.imwrite(path("inexact.tif"), huge, photometric="minisblack", metadata=None)
refuse("uint32 that no float holds", "inexact.tif", "does not fit")

json.dump(variants, sys.stdout)
