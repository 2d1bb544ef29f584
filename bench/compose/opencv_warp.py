"""Single-threaded OpenCV warps of tiles, megapixels of output per second of processor time: opencv_warp.py FOLDER

FOLDER/tiles.json names raw tiles, their type and the affine that maps the output to them. Prints JSON.
"""
import json
import sys
import time

import cv2
import numpy

cv2.setNumThreads(1)
folder = sys.argv[1]
table = json.load(open(folder + '/tiles.json'))
side, repeats = table['side'], table['repeats']
tiles = [
    (numpy.fromfile(folder + '/' + t['file'], table['type']).reshape(side, side), numpy.array(t['tileFromOutput'], numpy.float64), t['width'], t['height'])
    for t in table['tiles']
]
weight = numpy.minimum(numpy.arange(side) + 1, side - numpy.arange(side)).astype(numpy.float32)
weight = numpy.outer(weight, weight)
flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def best(work):
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        for image, matrix, width, height in tiles:
            work(image, matrix, (width, height))
        rates.append(sum(width * height for _, _, width, height in tiles) / 1e6 / (time.process_time() - start))
    return max(rates)


def image_and_weight(image, matrix, size):
    cv2.warpAffine(image, matrix, size, flags=flags)
    cv2.warpAffine(weight, matrix, size, flags=flags)


print(json.dumps(dict(
    version=cv2.__version__,
    image=best(lambda image, matrix, size: cv2.warpAffine(image, matrix, size, flags=flags)),
    imageAndWeight=best(image_and_weight),
)))
