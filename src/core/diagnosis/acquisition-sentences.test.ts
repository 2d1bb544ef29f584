import { describe, expect, it } from 'vitest';
import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { SolveReport, TileState } from '../graph/pose-graph.ts';
import { plainReport } from '../testing/plain-report.ts';
import { tileId } from '../tiles/tile.ts';
import type { Layout, Tile, TileId } from '../tiles/tile.ts';
import { diagnoseAcquisition } from './diagnose-acquisition.ts';
import type { FindingKind } from './diagnose-acquisition.ts';
import { regress } from './regression.ts';
import { plainTile } from '../testing/plain-tile.ts';

const size = { width: 1000, height: 800 };
const radians = Math.PI / 180;

/** Where the stage was told to be, in which order, and what the solution made of it: centre, turn and scale. */
interface Place {
  readonly column: number;
  readonly row: number;
  readonly k: number;
}
type Solved = (place: Place) => {
  readonly x: number;
  readonly y: number;
  readonly turn?: number;
  readonly scale?: number;
};

/** A serpentine of rows × columns tiles, 900 px and 720 px apart. */
function diagnose(rows: number, columns: number, solved: Solved, kind: Layout['kind'], mesh?: DisplacementMesh) {
  const places: (Place & { readonly id: TileId })[] = [];
  for (let row = 0; row < rows; row++)
    for (let n = 0; n < columns; n++) {
      const column = row % 2 === 0 ? n : columns - 1 - n;
      places.push({ id: tileId(`${row} ${column}`), row, column, k: places.length });
    }
  const tiles = places.map(({ id }): Tile => plainTile(id, size));
  const mosaicFromTile = new Map<TileId, Affine2>(
    places.map((place) => {
      const { x, y, turn = 0, scale = 1 } = solved(place);
      const [a, b] = [scale * Math.cos(turn), scale * Math.sin(turn)];
      return [place.id, { a, b, c: -b, d: a, e: x - (a * 499.5 - b * 399.5), f: y - (b * 499.5 + a * 399.5) }];
    }),
  );
  const report = plainReport(mosaicFromTile, mesh ? { meshes: new Map(places.map(({ id }) => [id, mesh])) } : {});
  const layout: Layout =
    kind === 'positions'
      ? {
          kind,
          poses: new Map(places.map(({ id, column, row }) => [id, { x: 900 * column, y: 720 * row, thetaRad: 0 }])),
          sigmaPx: 10,
        }
      : {
          kind: 'grid',
          rows,
          columns,
          cells: new Map(places.map(({ id, column, row }) => [id, { column, row }])),
          overlap: { x: 0.1, y: 0.1 },
        };
  const diagnosis = diagnoseAcquisition(tiles, layout, report);
  const said = (wanted: FindingKind) => diagnosis.findings.find((finding) => finding.kind === wanted);
  return { diagnosis, said, tiles, layout, report };
}

const right: Solved = ({ column, row }) => ({ x: 900 * column, y: 720 * row });

describe('what is said of a stage', () => {
  // The x axis stands at 1° and is 1 % long, the y axis at 1.5° and 2 % short; the images are turned by 0.4°.
  const askew: Solved = ({ column, row }) => ({
    x: 900 * column * 1.01 * Math.cos(radians) - 720 * row * 0.98 * Math.sin(1.5 * radians) + 31,
    y: 900 * column * 1.01 * Math.sin(radians) + 720 * row * 0.98 * Math.cos(1.5 * radians) - 17,
    turn: 0.4 * radians,
  });

  it.each(['grid', 'positions'] as const)('is its angle to the images, its shear and its scale (%s)', (kind) => {
    const { said, diagnosis } = diagnose(5, 6, askew, kind);
    expect(said('camera-angle')).toMatchObject({
      value: expect.closeTo(0.6, 9) as number,
      sigma: expect.closeTo(0, 9) as number,
      unit: '°',
      effectPx: expect.closeTo(600 * radians, 6) as number,
      isNotable: true,
      sentence: 'The image is turned by +0.60° against the stage: rows of tiles climb by 10.5 px a tile.',
      advice: 'Turn the scan (or the camera) by this angle, so that rows of tiles run along the images.',
    });
    expect(said('stage-shear')).toMatchObject({
      value: expect.closeTo(0.5, 9) as number,
      unit: '°',
      effectPx: expect.closeTo(500 * radians, 6) as number,
      sentence: 'The axes of the stage stand 90.50° on each other (+0.50° of shear, 8.7 px a tile).',
      advice: 'Calibrate the stage: its axes are taken for perpendicular.',
    });
    expect(said('stage-scale')).toMatchObject({
      value: expect.closeTo(-0.5, 9) as number,
      unit: '%',
      effectPx: expect.closeTo(16, 6) as number,
      sentence:
        'A step of the stage is +1.00 % along x and −2.00 % along y longer than the layout says (16.0 px a tile).',
      advice: 'Calibrate the pixel size against the stage, or set the overlap that was really used.',
    });
    expect(diagnosis.worthFixing.map((finding) => finding.kind)).toEqual([
      'stage-scale',
      'camera-angle',
      'stage-shear',
    ]);
  });

  it('is a backlash where every other row or column lies off', () => {
    const { said, diagnosis } = diagnose(
      5,
      6,
      ({ column, row }) => ({
        x: 900 * column + (row % 2 === 0 ? 3 : -3),
        y: 720 * row - (row % 2 === 0 ? 1 : -1) + (column % 2 === 0 ? 0.4 : -0.4),
      }),
      'grid',
    );
    expect(said('row-backlash')).toMatchObject({
      value: expect.closeTo(2 * Math.sqrt(10), 6) as number,
      unit: 'px',
      isNotable: true,
      sentence: 'Every other row lies 6.3 px off (+6.0 px along x, −2.0 px along y).',
      advice: 'Approach every tile from the same side, or let the stage compensate its backlash: rows alternate.',
    });
    expect(said('column-backlash')).toMatchObject({
      value: expect.closeTo(0.8, 6) as number,
      sentence: 'Every other column lies 0.8 px off (+0.0 px along x, +0.8 px along y).',
      advice: 'Approach every tile from the same side, or let the stage compensate its backlash: columns alternate.',
    });
    expect(diagnosis.worthFixing.map((finding) => finding.kind)).toEqual(['row-backlash', 'column-backlash']);
  });

  it('is no backlash where there is no grid', () => {
    const { said } = diagnose(5, 6, right, 'positions');
    expect([said('row-backlash'), said('column-backlash')]).toEqual([undefined, undefined]);
    expect(said('position-drift')).toBeDefined();
  });

  it('is a drift in the order of acquisition, of places, turns and scales', () => {
    const { said } = diagnose(
      5,
      6,
      ({ column, row, k }) => ({
        x: 900 * column + 0.6 * k,
        y: 720 * row - 0.8 * k,
        turn: -0.01 * radians * (k - 14.5),
        scale: 1 + 0.0005 * k,
      }),
      'grid',
    );
    expect(said('position-drift')).toMatchObject({
      value: expect.closeTo(1, 6) as number,
      unit: 'px a tile',
      effectPx: expect.closeTo(1, 6) as number,
      sentence:
        'The specimen drifts by 1.00 px a tile in the order of acquisition (+0.60 px along x, −0.80 px along y).',
      advice: 'Let the specimen come to rest (heat, charge, the stage) before the acquisition.',
    });
    // Half a diagonal is 640.3 px, the acquisition 29 tiles long.
    expect(said('turn-drift')).toMatchObject({
      value: expect.closeTo(-0.01, 9) as number,
      unit: '° a tile',
      effectPx: expect.closeTo(0.01 * radians * 29 * Math.hypot(500, 400), 6) as number,
      sentence: 'Images turn by −0.0100° a tile, −0.29° over the whole acquisition.',
      advice: 'The scan turns with time: let the column settle after a change of focus or of magnification.',
    });
    expect(said('scale-drift')).toMatchObject({
      value: expect.closeTo(0.05, 9) as number,
      unit: '% a tile',
      effectPx: expect.closeTo(0.0005 * 29 * Math.hypot(500, 400), 6) as number,
      sentence: 'Images grow by +0.0500 % a tile, +1.45 % over the whole acquisition.',
      advice: 'The magnification drifts: refocus without changing it, or wait for the lenses to settle.',
    });
  });

  it('is its scatter about all of that, worth a word from 2 % of a tile on', () => {
    // A pattern that no line along x, y or the order explains: Σ = 36 d² of nine tiles and four coefficients.
    const scattered = (d: number) =>
      diagnose(
        3,
        3,
        ({ column, row }) => ({
          x: 900 * column + d * (column === 1 ? -2 : 1) * (row === 1 ? -2 : 1),
          y: 720 * row,
        }),
        'positions',
      ).said('stage-scatter');
    expect(scattered(10)).toMatchObject({
      value: expect.closeTo(10 * Math.sqrt(36 / 5), 6) as number,
      sigma: 0,
      unit: 'px',
      effectPx: expect.closeTo(10 * Math.sqrt(36 / 5), 6) as number,
      isNotable: true,
      sentence: 'The stage comes to rest 26.8 px (one sigma) from where it was told, 3.4 % of a tile.',
      advice: 'Give the stage more time to settle, or more overlap to be safe.',
    });
    expect(scattered(5)).toMatchObject({ isNotable: false });
  });
});

describe('what is looked at', () => {
  it('is the solved tiles of the first part that the layout knows', () => {
    const { tiles, layout, report } = diagnose(3, 4, right, 'positions');
    const [first, second, third, fourth] = tiles.map(({ id }) => id);
    const part = (change: Partial<SolveReport>, of: Layout = layout) =>
      diagnoseAcquisition(tiles, of, { ...report, ...change }).tiles;
    expect(part({})).toBe(12);
    expect(part({ state: new Map([...report.state, [first, 'interpolated' as TileState]]) })).toBe(11);
    expect(
      part({
        component: new Map([
          [second, 1],
          [third, 0],
        ]),
      }),
    ).toBe(11);
    expect(part({ mosaicFromTile: new Map([...report.mosaicFromTile].filter(([id]) => id !== third)) })).toBe(11);
    if (layout.kind !== 'positions') throw new Error('positions');
    expect(part({}, { ...layout, poses: new Map([...layout.poses].filter(([id]) => id !== fourth)) })).toBe(11);
    const none = diagnoseAcquisition(tiles, layout, { ...report, mosaicFromTile: new Map() });
    expect(none).toEqual({ findings: [], worthFixing: [], scan: null, tiles: 0 });
  });

  it('is ordered as it is told: a drift in another order is another drift', () => {
    const { tiles, layout, report } = diagnose(
      5,
      6,
      ({ column, row, k }) => ({ x: 900 * column + k, y: 720 * row }),
      'grid',
    );
    const backwards = tiles.map(({ id }) => id).reverse();
    const { findings } = diagnoseAcquisition(tiles, layout, report, backwards);
    expect(findings.find(({ kind }) => kind === 'position-drift')?.sentence).toContain('(−1.00 px along x');
  });
});

describe('what is said of the scan', () => {
  /** A mesh of a node a pixel that is drawn out by `left` at its first and by `end` at its last three of 128 steps. */
  function scanMesh(left: number, end: number, corner = 0): DisplacementMesh {
    const [columns, rows] = [129, 17];
    const dx = new Float64Array(columns * rows);
    const dy = new Float64Array(columns * rows);
    const step = 999 / 128;
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++) {
        const at = columns * j + i;
        dx[at] = -step * (left * Math.min(i, 3) + end * Math.max(0, i - 125));
        dy[at] = corner * (i / 64 - 1) * (j / 8 - 1);
      }
    return { columns, rows, dx, dy };
  }
  const saidOf = (mesh: DisplacementMesh) => diagnose(3, 4, right, 'grid', mesh);

  it('is a slow start of its lines, at either side, too wide or too narrow', () => {
    const advice = 'Let the beam settle longer before each line, or scan a wider field and cut its start.';
    // Three steps of 999/128 px: 23.4 px, 5 % of which are 1.2 px.
    expect(saidOf(scanMesh(0.05, 0.01)).said('line-start')).toMatchObject({
      value: expect.closeTo(5, 6) as number,
      sigma: 0,
      unit: '%',
      isNotable: true,
      sentence:
        'The first pixels of every scan line show the specimen 5.0 % too wide; it settles within 23 px and adds up to 1.2 px.',
      advice,
    });
    expect(saidOf(scanMesh(0.01, -0.05)).said('line-start')).toMatchObject({
      value: expect.closeTo(-5, 6) as number,
      effectPx: expect.closeTo(0.05 * 3 * (999 / 128), 6) as number,
      sentence:
        'The last pixels of every scan line show the specimen 5.0 % too narrow; it settles within 23 px and adds up to 1.2 px.',
    });
  });

  it('is uneven lines where both ends differ from the middle', () => {
    const advice = 'Calibrate the scan along its lines with a grating: a slow line start, or a scan that is not even.';
    const tail = '(1.2 px from the middle to an end); the seams alone cannot tell which end is right.';
    expect(saidOf(scanMesh(0.05, -0.04)).said('line-start')).toMatchObject({
      value: expect.closeTo(-9, 6) as number,
      sentence: `The right end of every scan line shows the specimen 9.0 % narrower than the left ${tail}`,
      advice,
    });
    expect(saidOf(scanMesh(-0.04, 0.05)).said('line-start')).toMatchObject({
      value: expect.closeTo(9, 6) as number,
      sentence: `The right end of every scan line shows the specimen 9.0 % wider than the left ${tail}`,
    });
    // One end is three times the other: still both.
    expect(saidOf(scanMesh(0.05, 0.02)).said('line-start')?.sentence).toContain('3.0 % narrower');
  });

  it('is a trapezoid, of images of a height', () => {
    expect(saidOf(scanMesh(0, 0, -4)).said('trapezoid')).toMatchObject({
      value: expect.closeTo(2, 6) as number,
      sigma: 0,
      unit: '%',
      effectPx: expect.closeTo(4, 6) as number,
      isNotable: true,
      sentence:
        'Images are trapezoids: their height changes by +2.00 % from the left border to the right (4.0 px at a corner of 800 px).',
      advice: 'Level the specimen, or calibrate the tilt and trapezoid corrections of the scan.',
    });
  });

  it('is nothing without meshes', () => {
    const { said, diagnosis } = diagnose(3, 4, right, 'grid');
    expect([said('line-start'), said('trapezoid'), diagnosis.scan]).toEqual([undefined, undefined, null]);
  });
});

describe('a regression', () => {
  const of = (...values: readonly number[]) => Float64Array.from(values);

  it('has the errors that the residuals and the inverse of XᵀX give', () => {
    // y = 1 + 2x with residuals (1, −2, 1, 0)/…: x = 0 … 3, y = 2, 1, 6, 7 → slope 2, intercept 1, residuals 1, −2, 1, 0.
    const { estimates, residualSigma } = regress([of(1, 1, 1, 1), of(0, 1, 2, 3)], of(2, 1, 6, 7));
    expect(residualSigma).toBeCloseTo(Math.sqrt(6 / 2), 9);
    expect(estimates[0]?.value).toBeCloseTo(1, 9);
    expect(estimates[1]?.value).toBeCloseTo(2, 9);
    // (XᵀX)⁻¹ = [14 −6; −6 4] / 20
    expect(estimates[0]?.sigma).toBeCloseTo(Math.sqrt(3 * 0.7), 9);
    expect(estimates[1]?.sigma).toBeCloseTo(Math.sqrt(3 * 0.2), 9);
  });

  it('solves three columns that lean on one another', () => {
    const columns = [of(1, 1, 1, 1, 1, 1), of(0, 1, 2, 3, 4, 5), of(0, 1, 4, 9, 16, 25)];
    const { estimates } = regress(columns, of(...[0, 1, 2, 3, 4, 5].map((x) => 4 - 3 * x + 0.5 * x * x)));
    expect(estimates.map((estimate) => estimate?.value)).toEqual(
      [4, -3, 0.5].map((c) => expect.closeTo(c, 9) as number),
    );
  });

  it('leaves out a column that keeps 2 % of its variance or less, and says nothing with one point to spare', () => {
    const ones = of(1, 1, 1, 1);
    // 10 ± δ: δ² of 100 + δ².
    const about = (delta: number) => of(10 + delta, 10 - delta, 10 + delta, 10 - delta);
    const y = of(1, 2, 3, 4);
    expect(regress([ones, about(1.42)], y).estimates[1]).toBeNull();
    expect(regress([ones, about(1.44)], y).estimates[1]).not.toBeNull();
    expect(regress([ones, of(0, 0, 0, 0)], y).estimates[1]).toBeNull();
    const few = regress([of(1, 1, 1), of(0, 1, 2)], of(1, 2, 4));
    expect(few.estimates).toEqual([null, null]);
    expect(few.residualSigma).toBeNaN();
    expect(regress([of(1, 1, 1)], of(1, 2, 3)).estimates[0]?.value).toBeCloseTo(2, 12);
  });
});
