import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { loadMatcher, type LoadedMatcher } from '../cli/matcher.ts';
import type { Size } from '../src/core/geometry/rect.ts';
import type { Correspondences, Matcher } from '../src/core/matching/matcher.ts';
import { defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import { matcherIds, type MatcherId } from '../src/core/options.ts';
import type { SyntheticGridPlan } from '../src/core/synthesis/synthetic-grid.ts';
import { mosaicQuality } from '../src/core/testing/accuracy/mosaic-quality.ts';
import { meanOf, medianOf, quantileOf } from '../src/core/evaluation/statistics.ts';
import { pairErrors, type PairErrors } from '../src/core/testing/accuracy/pair-errors.ts';
import { markdownTable, verdict, writeBetweenMarkers } from './markdown.ts';
import { hasRealGrids, realGrids, scoreRealGrid, type RealGrid, type RealScore } from './real-grids.ts';
import {
  planClean,
  planEm424,
  planToned,
  renderPicture,
  stitchPlan,
  type Picture,
} from '../src/core/testing/accuracy/synthetic-cases.ts';

const usage =
  'usage: npm run bench -- accuracy [--matchers sift,loftr] [--parts corners,bias,mosaic,real,bent] [--repeats 1] [--quick] [--write FILE]';

/** Bounds of the project's issue 2, points 3 to 5; px unless named otherwise. */
const bounds: Readonly<Partial<Record<MatcherId, MatcherBounds>>> = {
  sift: {
    corner: 0.1,
    bias: 0.02,
    real: {
      'mussel-165': { medianPx: 1.1 * 0.81, p90Px: 1.1 * 1.99 },
      'mussel-1': { medianPx: 1.1 * 0.84, p90Px: 1.1 * 2.12 },
    },
  },
  loftr: {
    corner: 0.3,
    bias: 0.1,
    real: { 'mussel-165': { medianPx: 1.3, p90Px: 2.9 }, 'mussel-1': { medianPx: 1.3, p90Px: 2.9 } },
  },
};

interface MatcherBounds {
  readonly corner: number;
  readonly bias: number;
  readonly real: Readonly<Record<RealGrid, { readonly medianPx: number; readonly p90Px: number }>>;
}

const leastPeakSignalToNoiseDb = 30;
const leastSimilarity = 0.9;
const worstPairPx = 3;

interface Setting {
  readonly id: MatcherId;
  readonly loaded: LoadedMatcher;
  readonly limits: MatcherBounds | undefined;
  readonly repeats: number;
  readonly isQuick: boolean;
}

const parts: Readonly<Record<string, (setting: Setting) => Promise<string>>> = {
  corners: measureCorners,
  bias: measureBias,
  mosaic: measureMosaics,
  real: measureRealGrids,
  bent: measureBentGrids,
};

/** Measures the accuracy of the whole pipeline and prints, or writes between markers, tables of Markdown. */
export async function run(args: readonly string[]): Promise<void> {
  const spec = {
    matchers: { type: 'string', default: 'sift,loftr' },
    parts: { type: 'string', default: Object.keys(parts).join(',') },
    repeats: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    write: { type: 'string' },
  } as const;
  const { values: options } = parseArgs({ args: [...args], options: spec });
  const wanted = options.matchers.split(',').map((name) => {
    const id = matcherIds.find((each) => each === name);
    if (!id) throw new RangeError(`no matcher ${name}\n${usage}`);
    return id;
  });
  for (const id of wanted) {
    const loaded = await loadMatcher(id, undefined);
    const setting = { id, loaded, limits: bounds[id], repeats: Number(options.repeats), isQuick: options.quick };
    for (const part of options.parts.split(',')) {
      const measure = parts[part];
      if (!measure) throw new RangeError(`no part ${part}\n${usage}`);
      const text = `${await measure(setting)}\n\n${provenance(setting, part)}`;
      process.stdout.write(`\n### ${part}, ${id}\n\n${text}\n`);
      if (options.write) await writeBetweenMarkers(options.write, `accuracy ${part} ${id}`, text);
    }
    await loaded.matcher.dispose();
  }
}

function provenance({ id, loaded, repeats, isQuick }: Setting, part: string): string {
  const command = `npm run bench -- accuracy --matchers ${id} --parts ${part} --repeats ${repeats}${isQuick ? ' --quick' : ''}`;
  const model = loaded.model ? `${loaded.model} (sha256 ${loaded.modelSha256?.slice(0, 12)}), ` : '';
  return `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${model}${loaded.device}, Node ${process.versions.node}, ${cpus()[0].model.trim()}.`;
}

/** One picture large enough for every plan. */
function pictureFor(plans: readonly SyntheticGridPlan[]): Picture {
  const side = Math.max(...plans.flatMap(({ sourceSize }) => [sourceSize.width, sourceSize.height]));
  return renderPicture(side + 20, 5);
}

const square = (side: number): Size => ({ width: side, height: side });

async function measureCorners({ loaded: { matcher }, limits, repeats, isQuick }: Setting): Promise<string> {
  const sides = isQuick ? [640] : [640, 832, 1024];
  const overlaps = isQuick ? [0.2] : [0.15, 0.2, 0.3];
  const cases = sides.flatMap((side) => overlaps.map((overlap) => ({ tileSize: square(side), overlap })));
  const plans = cases.map((each, n) =>
    Array.from({ length: repeats }, (_, k) => planClean({ ...each, maxRotationDegrees: 5, seed: 100 + 17 * n + k })),
  );
  const picture = pictureFor(plans.flat());
  const rows: (string | number)[][] = [];
  const all: PairErrors[] = [];
  for (const [n, { tileSize, overlap }] of cases.entries()) {
    const errors: PairErrors[] = [];
    for (const plan of plans[n]) errors.push(...pairErrors(await stitchPlan(picture, plan, matcher, 'rigid')));
    all.push(...errors);
    rows.push([`${tileSize.width}²`, overlap, ...cornerCells(errors)]);
  }
  const slight = all.filter(({ thetaRad }) => Math.abs(thetaRad) <= (5 * Math.PI) / 180);
  rows.push(['all', 'neighbours turned by at most 5°', ...cornerCells(slight)], ['all', 'all', ...cornerCells(all)]);
  const header = ['tile', 'overlap', 'pairs', 'links', 'pairwise median', 'solved median', 'solved p90', 'solved max'];
  const median = medianOf(all.map(({ solved }) => solved.mean));
  return `${markdownTable(header, rows)}\n\n${limits ? `Median after the solve ${median.toFixed(3)} px, bound ${limits.corner} px: ${verdict(median, limits.corner)}.` : ''}`;
}

function cornerCells(errors: readonly PairErrors[]): readonly (string | number)[] {
  const solved = errors.map((each) => each.solved.mean);
  return [
    errors.length,
    errors.filter((each) => each.bias).length,
    ...[
      medianOf(errors.map((each) => each.pairwise.mean)),
      medianOf(solved),
      quantileOf(solved, 0.9),
      quantileOf(solved, 1),
    ].map((value) => value.toFixed(3)),
  ];
}

async function measureBias({ loaded: { matcher }, limits, repeats, isQuick }: Setting): Promise<string> {
  const sizes = isQuick ? [square(500), { width: 640, height: 760 }] : [...[500, 512, 777, 1024].map(square)];
  if (!isQuick) sizes.push({ width: 640, height: 760 });
  const overlaps = isQuick ? [0.1, 0.3] : [0.07, 0.1, 0.15, 0.3];
  const cases = sizes.flatMap((tileSize) => overlaps.map((overlap) => ({ tileSize, overlap })));
  const plans = cases.map((each, n) =>
    Array.from({ length: repeats }, (_, k) => planClean({ ...each, maxRotationDegrees: 0, seed: 500 + 31 * n + k })),
  );
  const picture = pictureFor(plans.flat());
  const rows: string[][] = [];
  const all: PairErrors[] = [];
  for (const [n, { tileSize, overlap }] of cases.entries()) {
    const errors: PairErrors[] = [];
    for (const plan of plans[n]) errors.push(...pairErrors(await stitchPlan(picture, plan, matcher, 'rigid')));
    all.push(...errors);
    rows.push([`${tileSize.width}×${tileSize.height}`, `${overlap}`, ...biasCells(errors)]);
  }
  rows.push(['all', 'side by side', ...biasCells(all.filter((each) => each.isHorizontal))]);
  rows.push(['all', 'one above the other', ...biasCells(all.filter((each) => !each.isHorizontal))]);
  rows.push(['all', 'all', ...biasCells(all)]);
  const header = ['tile', 'overlap', 'links of pairs', 'mean error x', 'mean error y', 'median length of the error'];
  return `${markdownTable(header, rows)}\n\n${limits ? biasVerdict(all, limits.bias) : ''}`;
}

function biasCells(errors: readonly PairErrors[]): readonly string[] {
  const found = errors.flatMap(({ bias }) => (bias ? [bias] : []));
  const cell = ({ mean, standardError }: ReturnType<typeof meanOf>) =>
    `${mean.toFixed(4)} ± ${standardError.toFixed(4)}`;
  return [
    `${found.length} of ${errors.length}`,
    cell(meanOf(found.map(({ x }) => x))),
    cell(meanOf(found.map(({ y }) => y))),
    medianOf(found.map(({ x, y }) => Math.hypot(x, y))).toFixed(3),
  ];
}

function biasVerdict(errors: readonly PairErrors[], bound: number): string {
  const found = errors.flatMap(({ bias }) => (bias ? [bias] : []));
  const worst = Math.max(...(['x', 'y'] as const).map((axis) => Math.abs(meanOf(found.map((e) => e[axis])).mean)));
  return `Signed mean over all links at most ${worst.toFixed(4)} px along an axis, bound ${bound} px: ${verdict(worst, bound)}.`;
}

async function measureMosaics({ loaded: { matcher }, isQuick }: Setting): Promise<string> {
  const across = isQuick ? 2 : 3;
  const [em424Side, tonedSide] = isQuick ? [512, 512] : [1024, 768];
  const cases = [
    { name: `em424 ${across}×${across}, ${em424Side}²`, plan: planEm424(across, em424Side, 424) },
    { name: `default ${across}×${across}, ${tonedSide}², overlap 0.10`, plan: planToned(across, tonedSide, 0.1, 8) },
    { name: `default ${across}×${across}, ${tonedSide}², overlap 0.12`, plan: planToned(across, tonedSide, 0.12, 9) },
  ];
  const picture = pictureFor(cases.map(({ plan }) => plan));
  const rows: string[][] = [];
  for (const { name, plan } of cases) {
    const once = matchingOnce(matcher);
    for (const model of ['rigid', 'affine'] as const) {
      const stitched = await stitchPlan(picture, plan, once, model);
      const root = await mosaicQuality(stitched, defaultComposeOptions, 'root');
      const all = await mosaicQuality(stitched, defaultComposeOptions, 'all');
      const isMet =
        root.peakSignalToNoiseDb >= leastPeakSignalToNoiseDb && root.structuralSimilarity >= leastSimilarity;
      const corner = medianOf(pairErrors(stitched).map(({ solved }) => solved.mean));
      rows.push([
        name,
        model,
        corner.toFixed(2),
        ...[root, all].flatMap((q) => [q.peakSignalToNoiseDb.toFixed(1), q.structuralSimilarity.toFixed(3)]),
        isMet ? 'met' : '**MISSED**',
      ]);
    }
  }
  const header = [
    'grid',
    'transform',
    'corner error, median',
    'PSNR, dB',
    'SSIM',
    'PSNR, best motion',
    'SSIM, best motion',
    `≥ ${leastPeakSignalToNoiseDb} dB and ≥ ${leastSimilarity}`,
  ];
  return markdownTable(header, rows);
}

/** The matcher for one grid under several transforms: a pair (its seed is drawn from its name) is matched once. */
function matchingOnce(matcher: Matcher): Matcher {
  const known = new Map<string, Correspondences>();
  return {
    ...matcher,
    match: async (a, b, context) => {
      const key = [context.seed, a.width, a.height, context.aFromB.e, context.aFromB.f].join(' ');
      const found = known.get(key) ?? (await matcher.match(a, b, context));
      known.set(key, found);
      return found;
    },
  };
}

async function measureRealGrids({ id, limits, isQuick }: Setting): Promise<string> {
  if (!hasRealGrids()) return notMeasured;
  const rows: (string | number)[][] = [];
  for (const name of isQuick ? realGrids.slice(0, 1) : realGrids) {
    const score = await scoreRealGrid(name, id);
    const bound = limits?.real[name];
    const isMet =
      bound !== undefined &&
      score.medianPx <= bound.medianPx &&
      score.p90Px <= bound.p90Px &&
      score.worstPairMedianPx <= worstPairPx;
    rows.push([
      ...seamCells(name, score),
      score.correlationOfCeiling.toFixed(3),
      `${(score.wallMs / 1000).toFixed(0)} s`,
      bound
        ? `≤ ${bound.medianPx.toFixed(2)}, ≤ ${bound.p90Px.toFixed(2)}, ≤ ${worstPairPx}: ${isMet ? 'met' : '**MISSED**'}`
        : '',
    ]);
  }
  return markdownTable([...seamHeader, 'NCC of ceiling', 'wall', 'bounds'], rows);
}

/** Bounds of the project's issue 4, point 1. */
const bentBounds = {
  medianPx: 0.35,
  p90Px: 1,
  worstPairPx: 0.8,
  heldOutRatio: 1.2,
  leastStretch: 0.9,
  mostStretch: 1.1,
};

async function measureBentGrids({ id, isQuick }: Setting): Promise<string> {
  if (!hasRealGrids()) return notMeasured;
  const rows: (string | number)[][] = [];
  for (const name of isQuick ? realGrids.slice(0, 1) : realGrids) {
    const score = await scoreRealGrid(name, id, 'elastic');
    if (!score.bend) throw new Error(`${name} was not bent`);
    const { fittedPx, heldOutPx, leastStretch, mostStretch } = score.bend;
    const isMet =
      score.medianPx <= bentBounds.medianPx &&
      score.p90Px <= bentBounds.p90Px &&
      score.worstPairMedianPx <= bentBounds.worstPairPx &&
      heldOutPx <= bentBounds.heldOutRatio * fittedPx &&
      leastStretch >= bentBounds.leastStretch &&
      mostStretch <= bentBounds.mostStretch;
    rows.push([
      ...seamCells(name, score),
      `${heldOutPx.toFixed(3)} / ${fittedPx.toFixed(3)} = ${(heldOutPx / fittedPx).toFixed(2)}`,
      `${leastStretch.toFixed(3)} – ${mostStretch.toFixed(3)}`,
      `${(score.wallMs / 1000).toFixed(0)} s`,
      isMet ? 'met' : '**MISSED**',
    ]);
  }
  const { medianPx, p90Px, worstPairPx: pairPx, heldOutRatio, leastStretch, mostStretch } = bentBounds;
  const asked = `Bounds: median ≤ ${medianPx}, p90 ≤ ${p90Px}, worst pair ≤ ${pairPx} px, held out ≤ ${heldOutRatio} × fitted, stretches within ${leastStretch} – ${mostStretch}.`;
  const header = [...seamHeader, 'patches held out / fitted, px', 'stretches of the meshes', 'wall', 'bounds'];
  return `${markdownTable(header, rows)}\n\n${asked}`;
}

const notMeasured = 'Not measured: `../shared/data` or `../shared/tools/score.py` is absent.';
const seamHeader = ['grid', 'links', 'tiles', 'median shift', 'p90', 'worst pair median'];

function seamCells(name: RealGrid, score: RealScore): readonly string[] {
  const states = Object.entries(score.states).filter(([, count]) => count > 0);
  return [
    name,
    `${score.links} of ${score.pairs}, ${score.removed} removed`,
    states.map(([state, count]) => `${count} ${state}`).join(', '),
    ...[score.medianPx, score.p90Px, score.worstPairMedianPx].map((px) => px.toFixed(2)),
  ];
}
