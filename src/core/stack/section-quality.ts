import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { cellKey, median } from '../tiles/nominal-poses.ts';
import type { CellPlace } from './section-layout.ts';

/** What a solved section has to tell; `Solution` of solution.json is one. */
export interface SolvedSection {
  readonly tiles: readonly {
    readonly state: 'solved' | 'prior' | 'unplaced';
    readonly row: number | null;
    readonly column: number | null;
    readonly width: number;
    readonly height: number;
    readonly mosaicFromTile: readonly [number, number, number, number, number, number] | null;
  }[];
  readonly links: readonly {
    readonly state: 'link' | 'excluded' | 'rejected';
    readonly residualPx: number | null;
  }[];
}

/** How good a section is, in numbers that sections can be compared by. */
export interface SectionQuality {
  readonly tiles: number;
  readonly solved: number;
  readonly pairs: number;
  readonly links: number;
  /** Median and largest residual of the links, px; null without links. */
  readonly residualPx: number | null;
  readonly worstResidualPx: number | null;
}

/** A section beside its neighbours. */
export interface SectionRecord {
  readonly quality: SectionQuality;
  readonly places: readonly CellPlace[];
}

/** What is measured of a section when it is compared with its neighbours. */
export type SectionMeasure = 'residual' | 'links' | 'solved' | 'shape';

/** A measure by which a section falls out of the stack. */
export interface SectionFlag {
  readonly measure: SectionMeasure;
  readonly value: number;
  /** What the sections around it have. */
  readonly typical: number;
  /** A whole sentence for the user. */
  readonly sentence: string;
}

/** Sections around one that say what is usual there, itself included. */
const windowLength = 9;
/** A modified z-score above this is an outlier: Iglewicz & Hoaglin 1993, "How to detect and handle outliers". */
const outlierScore = 3.5;
/** σ = 1.4826 · median absolute deviation, of a normal distribution. */
const sigmaPerMad = 1.4826;
/** Shapes are compared with so many sections on either side. */
const shapeReach = 2;
/** Fewer common tiles say nothing of a shape. */
const leastCommonTiles = 3;

/** Differences below these are nobody's concern, however alike the other sections are (one sigma each) … */
const leastSigma: Readonly<Record<SectionMeasure, number>> = { residual: 0.1, links: 0.03, solved: 0.01, shape: 1 };
/** … nor are lengths that grow by less than half (3.5 of these). */
const leastRelativeSigma: Readonly<Record<SectionMeasure, number>> = {
  residual: 0.15,
  links: 0,
  solved: 0,
  shape: 0.15,
};

/** The numbers of a solved section. */
export function qualityOf({ tiles, links }: SolvedSection): SectionQuality {
  const accepted = links.filter(({ state }) => state === 'link');
  const residuals = accepted.flatMap(({ residualPx }) => (residualPx === null ? [] : [residualPx]));
  return {
    tiles: tiles.length,
    solved: tiles.filter(({ state }) => state === 'solved').length,
    pairs: links.length,
    links: accepted.length,
    residualPx: residuals.length > 0 ? median(residuals) : null,
    worstResidualPx: residuals.length > 0 ? residuals.reduce((most, px) => Math.max(most, px), 0) : null,
  };
}

/** Where the cells of a solved section are. */
export function cellPlacesOf({ tiles }: SolvedSection): readonly CellPlace[] {
  return tiles.flatMap(({ row, column, width, height, mosaicFromTile, state }) => {
    if (row === null || column === null || mosaicFromTile === null) return [];
    const [a, b, c, d, e, f] = mosaicFromTile;
    const map: Affine2 = { a, b, c, d, e, f };
    return [{ row, column, ...applyAffine(map, (width - 1) / 2, (height - 1) / 2), isSolved: state === 'solved' }];
  });
}

/**
 * How far the tiles of two sections lie apart once one section is moved onto the other, root mean square over the tiles
 * that both have solved, px: the stage never stops at the same place twice, but a tile that was flung away shows.
 * Null with fewer than three common tiles.
 */
export function shapeDeviationPx(a: readonly CellPlace[], b: readonly CellPlace[]): number | null {
  const ofB = new Map(b.filter(({ isSolved }) => isSolved).map((place) => [cellKey(place.row, place.column), place]));
  const common = a.flatMap((p) => {
    const q = ofB.get(cellKey(p.row, p.column));
    return p.isSolved && q ? [{ px: p.x, py: p.y, qx: q.x, qy: q.y }] : [];
  });
  const n = common.length;
  if (n < leastCommonTiles) return null;
  const mean = (of: (pair: (typeof common)[number]) => number) => common.reduce((sum, pair) => sum + of(pair), 0) / n;
  const [px, py, qx, qy] = [mean((c) => c.px), mean((c) => c.py), mean((c) => c.qx), mean((c) => c.qy)];
  // The best turn of q onto p about the centroids: tan θ = Σ q × p / Σ q · p.
  const dot = mean((c) => (c.qx - qx) * (c.px - px) + (c.qy - qy) * (c.py - py));
  const cross = mean((c) => (c.qx - qx) * (c.py - py) - (c.qy - qy) * (c.px - px));
  const length = Math.hypot(dot, cross) || 1;
  const [cos, sin] = length > 0 ? [dot / length, cross / length] : [1, 0];
  return Math.sqrt(
    mean((c) => {
      const x = cos * (c.qx - qx) - sin * (c.qy - qy) - (c.px - px);
      const y = sin * (c.qx - qx) + cos * (c.qy - qy) - (c.py - py);
      return x * x + y * y;
    }),
  );
}

/**
 * Flags the sections whose error jumps. Each measure of a section is held against the median of the nine sections about
 * it; it is an outlier when it is worse by more than 3.5 robust sigmas of what sections usually differ by, and by more
 * than differences that anyone would mind. Sections that are null (not finished, failed) are passed over.
 *
 * @returns one list for each section, empty where nothing is remarkable.
 */
export function flagSections(sections: readonly (SectionRecord | null)[]): readonly (readonly SectionFlag[])[] {
  const flags: SectionFlag[][] = sections.map(() => []);
  const present = sections.flatMap((section, k) => (section ? [{ k, section }] : []));
  const shapes = shapeDeviations(present.map(({ section }) => section));
  const measures: readonly (readonly [SectionMeasure, readonly (number | null)[]])[] = [
    ['residual', present.map(({ section }) => section.quality.residualPx)],
    ['links', present.map(({ section: { quality: q } }) => (q.pairs > 0 ? -q.links / q.pairs : null))],
    ['solved', present.map(({ section: { quality: q } }) => (q.tiles > 0 ? -q.solved / q.tiles : null))],
    ['shape', shapes],
  ];
  for (const [measure, values] of measures)
    for (const { at, value, typical } of outliersOf(values, measure)) {
      const { k } = present[at];
      flags[k].push({ measure, value, typical, sentence: sentenceOf(measure, value, typical) });
    }
  return flags;
}

/** The least deviation from the sections within reach: a neighbour that is wrong itself makes nobody wrong. */
function shapeDeviations(sections: readonly SectionRecord[]): readonly (number | null)[] {
  return sections.map((section, k) => {
    let least: number | null = null;
    for (let other = Math.max(0, k - shapeReach); other <= Math.min(sections.length - 1, k + shapeReach); other++) {
      if (other === k) continue;
      const deviation = shapeDeviationPx(section.places, sections[other].places);
      if (deviation !== null && (least === null || deviation < least)) least = deviation;
    }
    return least;
  });
}

interface Outlier {
  readonly at: number;
  readonly value: number;
  readonly typical: number;
}

/** Values far above the median of their neighbourhood; larger is worse. */
function outliersOf(values: readonly (number | null)[], measure: SectionMeasure): readonly Outlier[] {
  const typical = values.map((_, k) => median(windowAbout(values, k).filter((value) => value !== null)));
  const differences = values.flatMap((value, k) => (value === null ? [] : [Math.abs(value - typical[k])]));
  const usual = Math.max(sigmaPerMad * median(differences), leastSigma[measure]);
  const sigmaAt = (at: number) => Math.max(usual, leastRelativeSigma[measure] * Math.abs(typical[at]));
  return values.flatMap((value, at) =>
    value !== null && value - typical[at] > outlierScore * sigmaAt(at) ? [{ at, value, typical: typical[at] }] : [],
  );
}

function windowAbout<T>(values: readonly T[], k: number): readonly T[] {
  const start = Math.max(0, Math.min(k - (windowLength >> 1), values.length - windowLength));
  return values.slice(start, start + windowLength);
}

function sentenceOf(measure: SectionMeasure, value: number, typical: number): string {
  const px = (length: number) => `${length.toFixed(length < 10 ? 2 : 0)} px`;
  const percent = (share: number) => `${Math.round(-100 * share)} %`;
  switch (measure) {
    case 'residual':
      return `Its links miss by ${px(value)}, where the sections around it have ${px(typical)}.`;
    case 'links':
      return `Only ${percent(value)} of its pairs are linked, where the sections around it have ${percent(typical)}.`;
    case 'solved':
      return `Only ${percent(value)} of its tiles are held by links, where the sections around it have ${percent(typical)}.`;
    case 'shape':
      return `Its tiles lie ${px(value)} from where its neighbours have them; usual is ${px(typical)}.`;
  }
}
