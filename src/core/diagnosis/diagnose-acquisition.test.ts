import { describe, expect, it } from 'vitest';
import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { randomStream } from '../synthesis/random.ts';
import { plainReport } from '../testing/plain-report.ts';
import { tileId } from '../tiles/tile.ts';
import type { GridCell, Tile, TileGrid, TileId } from '../tiles/tile.ts';
import { diagnoseAcquisition } from './diagnose-acquisition.ts';
import type { FindingKind } from './diagnose-acquisition.ts';
import { regress } from './regression.ts';
import { plainTile } from '../testing/plain-tile.ts';

const size = { width: 1000, height: 800 };
const overlap = { x: 0.1, y: 0.1 };

interface Faults {
  readonly cameraDegrees?: number;
  readonly shearDegrees?: number;
  readonly stretchX?: number;
  readonly rowBacklashPx?: number;
  readonly columnBacklashPx?: number;
  readonly driftPx?: number;
  readonly turnDegreesATile?: number;
  readonly growthATile?: number;
  readonly lineStart?: { readonly amplitudePx: number; readonly decayPx: number };
  readonly trapezoid?: number;
  readonly scatterPx?: number;
}

/** A serpentine acquisition of rows × columns tiles with known faults, solved without error. */
function acquire(rows: number, columns: number, faults: Faults) {
  const tiles: Tile[] = [];
  const cells = new Map<TileId, GridCell>();
  const mosaicFromTile = new Map<TileId, Affine2>();
  const meshes = new Map<TileId, DisplacementMesh>();
  const order: TileId[] = [];
  const draws = randomStream(3, rows, columns);
  const camera = ((faults.cameraDegrees ?? 0) * Math.PI) / 180;
  const shear = ((faults.shearDegrees ?? 0) * Math.PI) / 180;
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < columns; k++) {
      const column = row % 2 === 0 ? k : columns - 1 - k;
      const id = tileId(`t_${row}_${column}`);
      const index = order.push(id) - 1;
      tiles.push(plainTile(id, size));
      cells.set(id, { row, column });
      const u = column * 900 * (1 + (faults.stretchX ?? 0));
      const v = row * 720;
      // The stage's x axis is turned by the camera angle, its y axis by that and the shear.
      let x = u * Math.cos(camera) - v * Math.sin(camera + shear);
      let y = u * Math.sin(camera) + v * Math.cos(camera + shear);
      x += (row % 2 === 0 ? 0.5 : -0.5) * (faults.rowBacklashPx ?? 0);
      y += (column % 2 === 0 ? 0.5 : -0.5) * (faults.columnBacklashPx ?? 0);
      x += index * (faults.driftPx ?? 0) + (faults.scatterPx ?? 0.05) * draws.normal();
      y += (faults.scatterPx ?? 0.05) * draws.normal();
      const turn = ((faults.turnDegreesATile ?? 0) * Math.PI * (index - (rows * columns - 1) / 2)) / 180;
      const scale = 1 + (faults.growthATile ?? 0) * index;
      const [a, b] = [scale * Math.cos(turn), scale * Math.sin(turn)];
      const [cx, cy] = [(size.width - 1) / 2, (size.height - 1) / 2];
      mosaicFromTile.set(id, { a, b, c: -b, d: a, e: x - (a * cx - b * cy), f: y - (b * cx + a * cy) });
      const mesh = meshOf(faults);
      if (mesh) meshes.set(id, mesh);
    }
  const layout: TileGrid = { kind: 'grid', rows, columns, cells, overlap };
  const report = plainReport(mosaicFromTile, meshes.size > 0 ? { meshes } : {});
  const diagnosis = diagnoseAcquisition(tiles, layout, report, order);
  const of = (kind: FindingKind) => {
    const found = diagnosis.findings.find((finding) => finding.kind === kind);
    if (!found) throw new Error(`nothing said of ${kind}`);
    return found;
  };
  return { diagnosis, of, notable: diagnosis.findings.filter(({ isNotable }) => isNotable).map(({ kind }) => kind) };
}

function meshOf({ lineStart, trapezoid }: Faults): DisplacementMesh | null {
  if (!lineStart && !trapezoid) return null;
  const [columns, rows] = [129, 9];
  const dx = new Float64Array(columns * rows);
  const dy = new Float64Array(columns * rows);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const x = (i * (size.width - 1)) / (columns - 1);
      const y = (j * (size.height - 1)) / (rows - 1);
      if (lineStart) dx[j * columns + i] += lineStart.amplitudePx * Math.exp(-x / lineStart.decayPx);
      dy[j * columns + i] -= ((trapezoid ?? 0) / size.width) * (x - size.width / 2) * (y - size.height / 2);
    }
  return { columns, rows, dx, dy };
}

describe('the diagnosis of an acquisition', () => {
  it('finds nothing wrong where nothing is', () => {
    const { diagnosis, notable } = acquire(5, 6, {});
    expect(notable).toEqual([]);
    expect(diagnosis.worthFixing).toEqual([]);
    expect(diagnosis.tiles).toBe(30);
    expect(diagnosis.scan).toBeNull();
  });

  it.each<readonly [FindingKind, Faults, number, number]>([
    ['camera-angle', { cameraDegrees: 0.8 }, 0.8, 0.01],
    ['camera-angle', { cameraDegrees: -2 }, -2, 0.01],
    ['stage-shear', { shearDegrees: 0.4 }, 0.4, 0.02],
    ['row-backlash', { rowBacklashPx: 7 }, 7, 0.15],
    ['column-backlash', { columnBacklashPx: 4 }, 4, 0.15],
    ['position-drift', { driftPx: 1.5 }, 1.5, 0.05],
    ['turn-drift', { turnDegreesATile: 0.01 }, 0.01, 0.001],
    ['scale-drift', { growthATile: 0.0005 }, 0.05, 0.002],
  ])('measures the %s of %o, and names nothing else', (kind, faults, value, tolerance) => {
    const { of, notable, diagnosis } = acquire(5, 6, faults);
    expect(Math.abs(of(kind).value - value)).toBeLessThan(tolerance);
    expect(notable).toEqual([kind]);
    expect(diagnosis.worthFixing.map((finding) => finding.kind)).toEqual([kind]);
  });

  it('measures the scale of the stage along each axis', () => {
    const { of, notable } = acquire(5, 6, { stretchX: 0.01 });
    expect(of('stage-scale').sentence).toMatch(/\+1\.00 % along x and [+−]0\.0[01] % along y/);
    expect(notable).toEqual(['stage-scale']);
  });

  it('measures the stretch of the line start as a function of x', () => {
    const { diagnosis, of } = acquire(4, 4, { lineStart: { amplitudePx: 6, decayPx: 60 } });
    const { scan } = diagnosis;
    expect(scan?.start).toBe('left');
    // 6/60·exp(−x/60), a mean of 8.5 % over the first 2 % of the line.
    const at = (x: number) => scan?.line.stretch[Math.round((x / 999) * 128 - 0.5)] ?? NaN;
    for (const x of [20, 60, 120, 200]) expect(Math.abs(at(x) - 0.1 * Math.exp(-x / 60))).toBeLessThan(0.004);
    expect(scan?.displacementPx).toBeCloseTo(5.8, 0);
    expect(of('line-start').isNotable).toBe(true);
    expect(of('line-start').sentence).toMatch(/first pixels .* \d\.\d % too wide; it settles within 1[234]\d px/);
  });

  it('measures a trapezoid', () => {
    const { of } = acquire(4, 4, { trapezoid: 0.02 });
    expect(of('trapezoid').value).toBeCloseTo(2, 1);
    expect(of('trapezoid').effectPx).toBeCloseTo(4, 0);
  });

  it('ranks what is worth mending by its effect', () => {
    const { diagnosis } = acquire(6, 6, { cameraDegrees: 0.5, rowBacklashPx: 3, trapezoid: 0.01 });
    expect(diagnosis.worthFixing.map(({ kind }) => kind)).toEqual(['camera-angle', 'row-backlash', 'trapezoid']);
    for (const { advice, sentence } of diagnosis.worthFixing) {
      expect(advice).toMatch(/\.$/);
      expect(sentence).toMatch(/\d.*\.$/);
    }
  });

  it('does not take scatter of the stage for backlash or drift', () => {
    const { notable, of } = acquire(6, 6, { scatterPx: 8 });
    expect(of('stage-scatter').value).toBeGreaterThan(6);
    expect(notable.filter((kind) => kind !== 'stage-scatter')).toEqual([]);
  });

  it('says nothing of what two tiles cannot tell', () => {
    const { diagnosis } = acquire(1, 2, {});
    expect(diagnosis.findings.filter(({ kind }) => kind !== 'stage-scatter')).toEqual([]);
  });
});

describe('regression', () => {
  it('gives coefficients and their errors, and nothing for a column that says nothing new', () => {
    const draws = randomStream(5, 1);
    const n = 200;
    const x = Float64Array.from({ length: n }, (_, i) => i / n);
    const ones = new Float64Array(n).fill(1);
    const y = x.map((value) => 2 + 3 * value + 0.1 * draws.normal());
    const { estimates, residualSigma } = regress([ones, x, x.map((value) => 1 - value)], y);
    expect(residualSigma).toBeCloseTo(0.1, 1);
    expect(Math.abs((estimates[0]?.value ?? NaN) - 2)).toBeLessThan(0.05);
    expect(Math.abs((estimates[1]?.value ?? NaN) - 3)).toBeLessThan(4 * (estimates[1]?.sigma ?? NaN));
    // σ of a slope: σ / (√n · sd(x))
    expect(estimates[1]?.sigma).toBeCloseTo(0.1 / (Math.sqrt(n) * Math.sqrt(1 / 12)), 2);
    expect(estimates[2]).toBeNull();
  });
});
