import { describe, expect, it } from 'vitest';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Link } from '../matching/link.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { Tile } from '../tiles/tile.ts';
import { meanShading, shadingAt } from './shading-field.ts';
import type { ShadingField } from './shading-field.ts';
import { unshadedLinks } from './unshaded-links.ts';
import { plainTile } from '../testing/plain-tile.ts';

/** 0.6 at the upper left corner, 0.4 more along x, 0.2 more along y. */
const field: ShadingField = {
  columns: 3,
  rows: 2,
  values: Float32Array.of(0.6, 0.8, 1, 0.8, 1, 1.2),
};
const size = { width: 101, height: 51 };
const { graph } = makeSyntheticGraph({ rows: 1, columns: 2, matchSigmaPx: 0.4, matches: 20 });
const intensities = { count: 9, meanA: 80, meanB: 90, varianceA: 16, varianceB: 25, covariance: 18 };
const linkAt = (aFromB: Affine2): Link => ({ ...graph.links[0], aFromB, intensities });
const { a, b } = graph.links[0].pair;
const tiles = [a, b].map((id): Tile => plainTile(id, size));

describe('a shading', () => {
  it('is bilinear between its nodes and that of the border beyond', () => {
    expect(shadingAt(field, 0.25, 0.5)).toBeCloseTo(0.8, 6);
    expect(shadingAt(field, 0.9, 0.1)).toBeCloseTo(0.98, 6);
    expect(shadingAt(field, -3, 2)).toBeCloseTo(0.8, 6);
    expect(shadingAt(field, 2, -3)).toBeCloseTo(1, 6);
    expect(shadingAt(field, 1, 1)).toBeCloseTo(1.2, 6);
  });

  it('has the mean of a plane over a rectangle at its middle', () => {
    // Pixels 10 … 29 and 20 … 29: the middle is (19.5, 24.5), of 100 × 50.
    expect(meanShading(field, { x: 10, y: 20, width: 20, height: 10 }, size)).toBeCloseTo(0.6 + 0.078 + 0.098, 6);
    // Of a tile of one pixel a side is 1 long: (1 + 3 + 5 + 7)/16 of it in the mean of eight, below 0 nothing.
    expect(meanShading(field, { x: 0, y: 0, width: 1, height: 1 }, { width: 1, height: 1 })).toBeCloseTo(0.675, 6);
  });
});

describe('links without the shading', () => {
  const means = (aFromB: Affine2) => {
    const [link] = unshadedLinks([linkAt(aFromB)], tiles, field);
    return [80 / (link.intensities?.meanA ?? NaN), 90 / (link.intensities?.meanB ?? NaN)];
  };
  const shade = (x: number, y: number) => 0.6 + (0.4 * x) / 100 + (0.2 * y) / 50;

  it('have each side divided by the mean shading of its own overlap, once or twice', () => {
    const [link] = unshadedLinks([linkAt({ a: 1, b: 0, c: 0, d: 1, e: 61, f: 11 })], tiles, field);
    // Columns 61 … 100 and rows 11 … 50 of a; 0 … 39 and 0 … 39 of b.
    const [inA, inB] = [shade(80.5, 30.5), shade(19.5, 19.5)];
    expect(link.intensities?.count).toBe(9);
    expect(link.intensities?.meanA).toBeCloseTo(80 / inA, 5);
    expect(link.intensities?.meanB).toBeCloseTo(90 / inB, 5);
    expect(link.intensities?.varianceA).toBeCloseTo(16 / inA ** 2, 5);
    expect(link.intensities?.varianceB).toBeCloseTo(25 / inB ** 2, 5);
    expect(link.intensities?.covariance).toBeCloseTo(18 / (inA * inB), 5);
  });

  it('take the bounding box of what a turned tile covers', () => {
    // A quarter turn: (x, y) of b goes to (90 − y, x − 20): 39 … 90 and −20 … 81 of a; of b 0 … 51 wide, 20 … 71.
    const [inA, inB] = means({ a: 0, b: 1, c: -1, d: 0, e: 90, f: -20 });
    expect(inA).toBeCloseTo(shade(39 + 25.5 - 0.5, 25), 5);
    // a covers columns 20 … 71 and rows −11 … 90 of b.
    expect(inB).toBeCloseTo(shade(20 + 25.5 - 0.5, 25), 5);
  });

  it('are as they were where they do not overlap, say nothing of brightness or are of other tiles', () => {
    const apart = linkAt({ a: 1, b: 0, c: 0, d: 1, e: 200, f: 0 });
    const silent = { ...linkAt({ a: 1, b: 0, c: 0, d: 1, e: 61, f: 11 }), intensities: null };
    expect(unshadedLinks([apart, silent], tiles, field)).toEqual([apart, silent]);
    const known = linkAt({ a: 1, b: 0, c: 0, d: 1, e: 61, f: 11 });
    expect(unshadedLinks([known], tiles.slice(1), field)[0]).toBe(known);
    expect(unshadedLinks([known], tiles.slice(0, 1), field)[0]).toBe(known);
  });
});
