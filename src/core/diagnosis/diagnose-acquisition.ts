import { applyAffine, determinant, rotationOf } from '../geometry/affine2.ts';
import type { Point } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import type { Layout, Tile, TileId } from '../tiles/tile.ts';
import { regress } from './regression.ts';
import type { Estimate } from './regression.ts';
import { scanDistortion } from './scan-distortion.ts';
import type { ScanDistortion } from './scan-distortion.ts';

/** What can be wrong with an acquisition. */
export type FindingKind =
  | 'camera-angle'
  | 'stage-shear'
  | 'stage-scale'
  | 'row-backlash'
  | 'column-backlash'
  | 'stage-scatter'
  | 'position-drift'
  | 'turn-drift'
  | 'scale-drift'
  | 'line-start'
  | 'trapezoid';

/** One effect with its size, in plain words. */
export interface Finding {
  readonly kind: FindingKind;
  /** In `unit`, with its one-sigma error (0 where the effect is read off a mesh). */
  readonly value: number;
  readonly sigma: number;
  readonly unit: '°' | '%' | 'px' | 'px a tile' | '° a tile' | '% a tile';
  /** What the effect makes at a tile's border or between neighbours, px: the common measure. */
  readonly effectPx: number;
  /** Larger than three of its errors, and than what is worth a word. */
  readonly isNotable: boolean;
  /** A whole sentence with the numbers. */
  readonly sentence: string;
  /** What to do at the microscope; null where nothing need be done. */
  readonly advice: string | null;
}

/** What a solution says of the microscope and its stage. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** The notable findings that can be mended at the microscope, the largest effect first. */
  readonly worthFixing: readonly Finding[];
  /** Stretch along a scan line and trapezoid; null without meshes (solve with the elastic transform). */
  readonly scan: ScanDistortion | null;
  /** Tiles that were looked at: those that links carry. */
  readonly tiles: number;
}

/** An effect below this is not worth a word, px. */
const notablePx = 0.5;
const significantSigmas = 3;
/** A line start is one when its stretch is this many times that of the other end. */
const oneSided = 3;
const degrees = 180 / Math.PI;

/**
 * Reads the acquisition's faults off a solution: where tiles came to lie against where the stage was told to be, how they
 * are turned, scaled and bent, and whether that changes with the row, the column or the order of acquisition.
 *
 * @param order the tiles in the order of acquisition; the order of `tiles` when absent.
 */
export function diagnoseAcquisition(
  tiles: readonly Tile[],
  layout: Layout,
  report: SolveReport,
  order: readonly TileId[] = tiles.map(({ id }) => id),
): Diagnosis {
  const looked = lookAt(tiles, layout, report, order);
  const scan = scanOf(looked, report);
  const findings = [
    ...stageFindings(looked),
    ...trendFindings(looked),
    ...(scan === null ? [] : scanFindings(scan, looked)),
  ];
  const worthFixing = findings
    .filter(({ isNotable, advice }) => isNotable && advice !== null)
    .sort((p, q) => q.effectPx - p.effectPx);
  return { findings, worthFixing, scan, tiles: looked.count };
}

/** Solved tiles as columns. */
interface Looked {
  readonly count: number;
  readonly ids: readonly TileId[];
  /** Typical size of a tile, px. */
  readonly width: number;
  readonly height: number;
  /** Where the stage was told to be and where the tile's centre came to lie, px. */
  readonly stage: { readonly x: Float64Array; readonly y: Float64Array };
  readonly solved: { readonly x: Float64Array; readonly y: Float64Array };
  /** +1 in even, −1 in odd rows and columns; null without a grid. */
  readonly rowSign: Float64Array | null;
  readonly columnSign: Float64Array | null;
  /** 0, 1, 2 … in the order of acquisition, centred. */
  readonly order: Float64Array;
  readonly turnRad: Float64Array;
  readonly scale: Float64Array;
}

/** One tile of them. */
interface LookedTile {
  readonly id: TileId;
  readonly width: number;
  readonly height: number;
  readonly centre: Point;
  readonly turnRad: number;
  readonly scale: number;
  readonly rank: number;
  readonly stage: Point;
  readonly row: number | null;
  readonly column: number | null;
}

function lookAt(tiles: readonly Tile[], layout: Layout, report: SolveReport, order: readonly TileId[]): Looked {
  const ranks = new Map(order.map((id, k) => [id, k]));
  const rows = tiles.flatMap((tile): readonly LookedTile[] => {
    const pose = report.mosaicFromTile.get(tile.id);
    if (!pose || report.state.get(tile.id) !== 'solved' || (report.component.get(tile.id) ?? 0) !== 0) return [];
    const { width, height } = tile.size;
    const centre = applyAffine(pose, (width - 1) / 2, (height - 1) / 2);
    const turnRad = rotationOf(pose);
    const scale = Math.sqrt(Math.abs(determinant(pose)));
    const shared = { id: tile.id, width, height, centre, turnRad, scale, rank: ranks.get(tile.id) ?? 0 };
    if (layout.kind === 'positions') {
      const stage = layout.poses.get(tile.id);
      return stage ? [{ ...shared, stage, row: null, column: null }] : [];
    }
    const cell = layout.cells.get(tile.id);
    if (!cell) return [];
    const stage = { x: cell.column * width * (1 - layout.overlap.x), y: cell.row * height * (1 - layout.overlap.y) };
    return [{ ...shared, stage, row: cell.row, column: cell.column }];
  });
  const column = (valueOf: (row: LookedTile) => number) => Float64Array.from(rows, valueOf);
  const sign = (index: number | null) => (index === null ? 0 : index % 2 === 0 ? 1 : -1);
  const meanRank = rows.reduce((sum, { rank }) => sum + rank, 0) / Math.max(1, rows.length);
  const isGrid = layout.kind === 'grid';
  return {
    count: rows.length,
    ids: rows.map(({ id }) => id),
    width: median(column(({ width }) => width)),
    height: median(column(({ height }) => height)),
    stage: { x: column(({ stage }) => stage.x), y: column(({ stage }) => stage.y) },
    solved: { x: column(({ centre }) => centre.x), y: column(({ centre }) => centre.y) },
    rowSign: isGrid ? column(({ row }) => sign(row)) : null,
    columnSign: isGrid ? column(({ column: c }) => sign(c)) : null,
    order: column(({ rank }) => rank - meanRank),
    turnRad: column(({ turnRad }) => turnRad),
    scale: column(({ scale }) => scale),
  };
}

/** Camera angle, shear and scale of the stage, backlash, drift and scatter, from one regression an axis. */
function stageFindings(looked: Looked): readonly Finding[] {
  const { count, width, height, stage, solved, rowSign, columnSign, order } = looked;
  const ones = new Float64Array(count).fill(1);
  const none = new Float64Array(count);
  const columns = [ones, stage.x, stage.y, rowSign ?? none, columnSign ?? none, order];
  const alongX = regress(columns, solved.x);
  const alongY = regress(columns, solved.y);
  const [, xx, xy, rowX, columnX, driftX] = alongX.estimates;
  const [, yx, yy, rowY, columnY, driftY] = alongY.estimates;
  const findings: Finding[] = [];
  if (xx && yx && xy && yy) findings.push(...frameFindings(looked, { xx, yx, xy, yy }));
  if (rowX && rowY) findings.push(backlash('row', rowX, rowY));
  if (columnX && columnY) findings.push(backlash('column', columnX, columnY));
  if (driftX && driftY) findings.push(positionDrift(driftX, driftY));
  const scatter = Math.hypot(alongX.residualSigma, alongY.residualSigma);
  if (Number.isFinite(scatter)) {
    const share = (100 * scatter) / Math.min(width, height);
    findings.push({
      kind: 'stage-scatter',
      value: scatter,
      sigma: 0,
      unit: 'px',
      effectPx: scatter,
      isNotable: share > 2,
      sentence: `The stage comes to rest ${px(scatter)} (one sigma) from where it was told, ${share.toFixed(1)} % of a tile.`,
      advice: 'Give the stage more time to settle, or more overlap to be safe.',
    });
  }
  return findings;
}

/** The stage's axes as the images show them. */
function frameFindings(
  { turnRad, width, height }: Looked,
  { xx, yx, xy, yy }: Readonly<Record<'xx' | 'yx' | 'xy' | 'yy', Estimate>>,
): readonly Finding[] {
  const turn = Math.atan2(mean(turnRad.map(Math.sin)), mean(turnRad.map(Math.cos)));
  const ofRows = wrap(Math.atan2(yx.value, xx.value) - turn);
  const ofColumns = wrap(Math.atan2(-xy.value, yy.value) - turn);
  const sigmaRows = yx.sigma / Math.abs(xx.value);
  const sigmaColumns = xy.sigma / Math.abs(yy.value);
  const camera = ofRows * degrees;
  const shear = (ofColumns - ofRows) * degrees;
  const long = Math.max(width, height);
  const scaleX = Math.hypot(xx.value, yx.value) - 1;
  const scaleY = Math.hypot(xy.value, yy.value) - 1;
  const cameraPx = Math.abs(camera / degrees) * long;
  const shearPx = Math.abs(shear / degrees) * long;
  const scale = (100 * (scaleX + scaleY)) / 2;
  const scalePx = Math.max(Math.abs(scaleX) * width, Math.abs(scaleY) * height);
  return [
    finding('camera-angle', camera, sigmaRows * degrees, '°', cameraPx, {
      sentence: `The image is turned by ${signed(camera, 2)}° against the stage: rows of tiles climb by ${px(cameraPx)} a tile.`,
      advice: 'Turn the scan (or the camera) by this angle, so that rows of tiles run along the images.',
    }),
    finding('stage-shear', shear, Math.hypot(sigmaRows, sigmaColumns) * degrees, '°', shearPx, {
      sentence: `The axes of the stage stand ${(90 + shear).toFixed(2)}° on each other (${signed(shear, 2)}° of shear, ${px(shearPx)} a tile).`,
      advice: 'Calibrate the stage: its axes are taken for perpendicular.',
    }),
    finding('stage-scale', scale, 50 * Math.hypot(xx.sigma, yy.sigma), '%', scalePx, {
      sentence: `A step of the stage is ${signed(100 * scaleX, 2)} % along x and ${signed(100 * scaleY, 2)} % along y longer than the layout says (${px(scalePx)} a tile).`,
      advice: 'Calibrate the pixel size against the stage, or set the overlap that was really used.',
    }),
  ];
}

function backlash(axis: 'row' | 'column', x: Estimate, y: Estimate): Finding {
  // Signs ±1: the two directions differ by twice the coefficient.
  const value = 2 * Math.hypot(x.value, y.value);
  const sigma = 2 * Math.hypot(x.sigma, y.sigma);
  return finding(axis === 'row' ? 'row-backlash' : 'column-backlash', value, sigma, 'px', value, {
    sentence: `Every other ${axis} lies ${px(value)} off (${signed(2 * x.value, 1)} px along x, ${signed(2 * y.value, 1)} px along y).`,
    advice: `Approach every tile from the same side, or let the stage compensate its backlash: ${axis}s alternate.`,
  });
}

function positionDrift(x: Estimate, y: Estimate): Finding {
  const value = Math.hypot(x.value, y.value);
  return finding('position-drift', value, Math.hypot(x.sigma, y.sigma), 'px a tile', value, {
    sentence: `The specimen drifts by ${px(value, 2)} a tile in the order of acquisition (${signed(x.value, 2)} px along x, ${signed(y.value, 2)} px along y).`,
    advice: 'Let the specimen come to rest (heat, charge, the stage) before the acquisition.',
  });
}

/** Whether tiles turn or grow in the order of acquisition. */
function trendFindings({ count, order, turnRad, scale, width, height }: Looked): readonly Finding[] {
  const ones = new Float64Array(count).fill(1);
  const half = Math.hypot(width, height) / 2;
  const [, turn] = regress([ones, order], turnRad).estimates;
  const [, growth] = regress([ones, order], scale).estimates;
  const span = order.reduce((most, k) => Math.max(most, Math.abs(k)), 0) * 2;
  const findings: Finding[] = [];
  if (turn)
    findings.push(
      finding(
        'turn-drift',
        turn.value * degrees,
        turn.sigma * degrees,
        '° a tile',
        Math.abs(turn.value) * span * half,
        {
          sentence: `Images turn by ${signed(turn.value * degrees, 4)}° a tile, ${signed(turn.value * span * degrees, 2)}° over the whole acquisition.`,
          advice: 'The scan turns with time: let the column settle after a change of focus or of magnification.',
        },
      ),
    );
  if (growth)
    findings.push(
      finding('scale-drift', 100 * growth.value, 100 * growth.sigma, '% a tile', Math.abs(growth.value) * span * half, {
        sentence: `Images grow by ${signed(100 * growth.value, 4)} % a tile, ${signed(100 * growth.value * span, 2)} % over the whole acquisition.`,
        advice: 'The magnification drifts: refocus without changing it, or wait for the lenses to settle.',
      }),
    );
  return findings;
}

function scanOf({ ids, width, height }: Looked, report: SolveReport): ScanDistortion | null {
  const meshes = ids.flatMap((id) => report.meshes?.get(id) ?? []);
  return scanDistortion(meshes, { width, height });
}

function scanFindings(scan: ScanDistortion, { height }: Looked): readonly Finding[] {
  return [
    Math.abs(scan.startStretch) > oneSided * Math.abs(scan.endStretch) ? lineStart(scan) : unevenLine(scan),
    finding('trapezoid', 100 * scan.trapezoid, 0, '%', scan.trapezoidPx, {
      sentence: `Images are trapezoids: their height changes by ${signed(100 * scan.trapezoid, 2)} % from the left border to the right (${px(scan.trapezoidPx)} at a corner of ${height} px).`,
      advice: 'Level the specimen, or calibrate the tilt and trapezoid corrections of the scan.',
    }),
  ];
}

/** One end of the line is drawn out, the rest is even. */
function lineStart(scan: ScanDistortion): Finding {
  const percent = 100 * scan.startStretch;
  const side = scan.start === 'left' ? 'first' : 'last';
  const wide = percent >= 0 ? 'too wide' : 'too narrow';
  const displacement = Math.abs(scan.displacementPx);
  return finding('line-start', percent, 0, '%', displacement, {
    sentence: `The ${side} pixels of every scan line show the specimen ${Math.abs(percent).toFixed(1)} % ${wide}; it settles within ${px(scan.settlesPx, 0)} and adds up to ${px(displacement)}.`,
    advice: 'Let the beam settle longer before each line, or scan a wider field and cut its start.',
  });
}

/** Both ends differ from the middle: seams compare one end with the other and cannot tell which of them is right. */
function unevenLine(scan: ScanDistortion): Finding {
  const [left, right] =
    scan.start === 'left' ? [scan.startStretch, scan.endStretch] : [scan.endStretch, scan.startStretch];
  const percent = 100 * (right - left);
  const displacement = Math.abs(scan.displacementPx);
  return finding('line-start', percent, 0, '%', displacement, {
    sentence: `The right end of every scan line shows the specimen ${Math.abs(percent).toFixed(1)} % ${percent >= 0 ? 'wider' : 'narrower'} than the left (${px(displacement)} from the middle to an end); the seams alone cannot tell which end is right.`,
    advice: 'Calibrate the scan along its lines with a grating: a slow line start, or a scan that is not even.',
  });
}

function finding(
  kind: FindingKind,
  value: number,
  sigma: number,
  unit: Finding['unit'],
  effectPx: number,
  { sentence, advice }: Pick<Finding, 'sentence' | 'advice'>,
): Finding {
  const isNotable = Math.abs(value) > significantSigmas * sigma && effectPx > notablePx;
  return { kind, value, sigma, unit, effectPx, isNotable, sentence, advice };
}

const px = (value: number, digits = 1) => `${value.toFixed(digits)} px`;

/** With its sign, but for one that rounds to nothing: never −0.0. */
function signed(value: number, digits: number): string {
  const rounded = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(rounded) > 0 ? '−' : '+'}${rounded}`;
}

function wrap(angle: number): number {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function median(values: Float64Array): number {
  return values.length === 0 ? 0 : values.slice().sort()[values.length >> 1];
}
