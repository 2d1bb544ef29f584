import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../core/options.ts';
import { parseSolution, writeSolution, type Solution } from './solution-json.ts';

const solution: Solution = {
  version: 1,
  tiles: [
    {
      ...{ file: 'a.tif', row: 0, column: 0, width: 64, height: 64, mosaicFromTile: [1, 0, 0, 1, 2.5, 3.5] },
      ...{ state: 'solved', gain: 1.01, offset: 2, sigmaPx: 0.1, component: 0 },
    },
  ],
  links: [
    {
      ...{ a: 'a.tif', b: 'b.tif', state: 'link', aFromB: [1, 0, 0, 1, 50, 0], matches: 20, inliers: 18 },
      ...{ confidence: 0.9, rmsPx: 0.4, residualPx: 0.5, weight: 1 },
    },
  ],
  options: structuredClone(defaultStitchOptions),
  model: null,
  device: 'a test',
  bounds: [0, 0, 70, 70],
  pixelSizeNm: 4,
};

/** The paths of all numbers of a value. */
function numberPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'number') return [path];
  if (!value || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => numberPaths(inner, [...path, key]));
}

function withNumber(path: readonly string[], value: number): Solution {
  const copy = structuredClone(solution);
  let at = copy as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1) ?? ''] = value;
  return copy;
}

describe('the numbers of solution.json', () => {
  it('are all finite: not one that is not can be written, and none is read back as something else', () => {
    expect(parseSolution(writeSolution(solution))).toMatchObject({ tiles: solution.tiles, links: solution.links });
    const paths = numberPaths(solution);
    expect(paths.length).toBeGreaterThan(35);
    for (const path of paths)
      for (const value of [NaN, Infinity, -Infinity])
        expect(() => writeSolution(withNumber(path, value)), path.join('.')).toThrow(
          expect.objectContaining({ code: 'bad-solution' }) as Error,
        );
  });

  it('beyond what a double holds are refused when read', () => {
    const text = writeSolution(solution).replace('2.5', '1e999');
    expect(() => parseSolution(text)).toThrow(expect.objectContaining({ code: 'bad-solution' }) as Error);
  });
});
