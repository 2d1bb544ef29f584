import { unitGain } from '../src/core/photometry/gain-offset.ts';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openFolder } from '../cli/open-folder.ts';
import { defaultElasticOptions } from '../src/core/elastic/solve-elastic.ts';
import { solveElasticGrid } from '../src/core/elastic/solve-elastic-grid.ts';
import type { Measurements } from '../src/core/elastic/measurements.ts';
import type { Affine2 } from '../src/core/geometry/affine2.ts';
import { translation } from '../src/core/geometry/affine2.ts';
import type { DisplacementMesh } from '../src/core/geometry/displacement-mesh.ts';
import { boundsOfPlacements } from '../src/core/mosaic/build-mosaic.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import { blendModes, defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import type { BlendMode, Placement } from '../src/core/mosaic/mosaic.ts';
import { silentContext } from '../src/core/progress.ts';
import { defaultRefineOptions, refineOverlap } from '../src/core/refine/refine-overlap.ts';
import { randomStream } from '../src/core/synthesis/random.ts';
import { memoryTileReader } from '../src/core/testing/memory-tile-reader.ts';
import { tileId } from '../src/core/tiles/tile.ts';

/** One line of the bench. */
export interface RefineRow {
  readonly name: string;
  readonly value: string;
}

const grids = fileURLToPath(new URL('../../shared/data', import.meta.url));

/** CPU milliseconds of the best of `repeats` runs. */
async function cpuMs(repeats: number, run: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = process.cpuUsage().user;
    await run();
    best = Math.min(best, (process.cpuUsage().user - start) / 1000);
  }
  return best;
}

/** Refinement of one pair of a real grid, from a pose 3 px off, pixels decoded beforehand. */
async function refineRealPair(): Promise<readonly RefineRow[]> {
  const folder = `${grids}/mussel-165`;
  if (!existsSync(folder)) return [{ name: 'refine a mussel pair', value: 'skipped: ../shared/data is absent' }];
  const { inspection, reader } = await openFolder(folder, silentContext);
  const tile = (name: string) => {
    const found = inspection.tiles.find(({ file }) => file === name);
    if (!found) throw new RangeError(`no ${name} in ${folder}`);
    return found;
  };
  const [a, b] = [tile('165_2_1.tif'), tile('165_2_2.tif')];
  const pair = { a: a.id, b: b.id, aFromB: { x: 1780, y: 5, thetaRad: 0 }, sigmaPx: 10, expectedOverlap: null };
  // Where the affine solution of the grid has the pair, to a px.
  const bFromA = { a: 0.957, b: -0.0066, c: -0.0023, d: 1.0274, e: -1757.2, f: -0.4 };
  let patches = 0;
  const ms = await cpuMs(5, async () => {
    const refined = await refineOverlap(
      pair,
      bFromA,
      { a: a.size, b: b.size },
      reader,
      defaultRefineOptions,
      silentContext.signal,
    );
    patches = refined?.correlation.length ?? 0;
  });
  return [{ name: 'refine a mussel pair', value: `${ms.toFixed(0)} ms, ${patches} patches` }];
}

/** Measurements of a grid of `across` × `across` tiles whose lines start slowly, 200 patches an overlap. */
export function gridOf(across: number): { readonly poses: readonly Affine2[]; readonly measurements: Measurements } {
  const pitch = 1843;
  const draws = randomStream(1, across);
  const [from, to, starts, a, b]: number[][] = [[], [], [0], [], []];
  const poses = Array.from({ length: across ** 2 }, (_, i) =>
    translation((i % across) * pitch + draws.normal(), Math.floor(i / across) * pitch + draws.normal()),
  );
  const scan = (x: number) => 8 * Math.exp(-x / 120);
  for (let i = 0; i < poses.length; i++)
    for (const [j, dx, dy] of [
      [i % across === across - 1 ? poses.length : i + 1, pitch, 0],
      [i + across, 0, pitch],
    ]) {
      if (j >= poses.length) continue;
      for (let k = 0; k < 200; k++) {
        const along = 40 + 1960 * draws.uniform();
        const thick = 20 + 165 * draws.uniform();
        const [x, y] = dx > 0 ? [pitch + thick, along] : [along, pitch + thick];
        a.push(x, y);
        b.push(x - dx + scan(x) - scan(x - dx) + 0.1 * draws.normal(), y - dy + 0.1 * draws.normal());
      }
      from.push(i);
      to.push(j);
      starts.push(a.length / 2);
    }
  return {
    poses,
    measurements: {
      from: Int32Array.from(from),
      to: Int32Array.from(to),
      starts: Int32Array.from(starts),
      a: Float32Array.from(a),
      b: Float32Array.from(b),
      weight: new Float32Array(a.length / 2).fill(40),
    },
  };
}

/** The elastic solve of a generated grid: processor time, steps, misfit and memory. */
export async function solveGrid(across: number): Promise<RefineRow> {
  const { poses, measurements } = gridOf(across);
  const tiles = poses.map((mosaicFromTile) => ({ size: { width: 2048, height: 2048 }, mosaicFromTile }));
  let note = '';
  const ms = await cpuMs(1, async () => {
    const isPatch = new Uint8Array(measurements.weight.length).fill(1);
    const { solution } = await solveElasticGrid(tiles, measurements, isPatch, defaultElasticOptions, silentContext);
    const median = solution.misfits.slice().sort()[solution.misfits.length >> 1];
    note = `${solution.iterations} CG steps${solution.converged ? '' : ' (not converged)'}, median ${median.toFixed(2)} px`;
  });
  const memory = process.memoryUsage.rss() / 2 ** 20;
  return {
    name: `elastic solve of ${across ** 2} tiles, ${measurements.weight.length} patches`,
    value: `${(ms / 1000).toFixed(1)} s, ${note}, ${memory.toFixed(0)} MB`,
  };
}

/** Output megapixels per second of CPU time of a 3×3 grid of turned tiles, bent or not. */
async function composeRate(blend: BlendMode, isBent: boolean): Promise<number> {
  const side = 1024;
  const mesh: DisplacementMesh = {
    columns: 33,
    rows: 9,
    dx: Float64Array.from({ length: 297 }, (_, k) => 3 * Math.exp(-(k % 33) / 4)),
    dy: Float64Array.from({ length: 297 }, (_, k) => Math.sin(k / 40)),
  };
  const data = Uint8Array.from({ length: side * side }, (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255);
  const placements = Array.from({ length: 9 }, (_, n): Placement => {
    const angle = 0.009 * Math.sin(n * 2.1);
    const [a, b] = [Math.cos(angle), Math.sin(angle)];
    return {
      tile: tileId(`tile-${n}`),
      size: { width: side, height: side },
      mosaicFromTile: { a, b, c: -b, d: a, e: 870 * (n % 3) + 0.37 * n, f: 870 * Math.floor(n / 3) },
      ...(isBent ? { mesh } : {}),
      state: 'solved',
      component: 0,
      tone: unitGain,
    };
  });
  const reader = memoryTileReader(new Map(placements.map(({ tile }) => [tile, [{ data, width: side, height: side }]])));
  const bounds = boundsOfPlacements(placements);
  const mosaic = { bounds, placements, channels: 1, sampleType: 'uint8', pixelSizeNm: null } as const;
  const options = { ...defaultComposeOptions, evenTones: false, blend };
  const ms = await cpuMs(6, () =>
    composeRegion(mosaic, { rect: bounds, scale: 1 }, options, reader, silentContext.signal),
  );
  return (bounds.width * bounds.height) / 1e3 / ms;
}

/** Refinement, the elastic solve and the composition of bent tiles: CPU time, best of several. */
export async function run(args: readonly string[]): Promise<readonly RefineRow[]> {
  const sides = args.length > 0 ? args.map(Number) : [3, 10];
  const rows: RefineRow[] = [...(await refineRealPair())];
  for (const across of sides) rows.push(await solveGrid(across));
  for (const blend of blendModes) {
    const affine = await composeRate(blend, false);
    const bent = await composeRate(blend, true);
    rows.push({
      name: `compose ${blend}, affine and elastic`,
      value: `${affine.toFixed(0)} and ${bent.toFixed(0)} MPx/s (${((100 * bent) / affine).toFixed(0)} %)`,
    });
  }
  return rows;
}
