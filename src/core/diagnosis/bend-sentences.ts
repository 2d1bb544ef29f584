import { countText, namesText } from '../count-text.ts';
import type { ElasticFit } from '../elastic/solve-elastic-graph.ts';

/** Patches that a fit was not given may miss by so much more than those it was given; beyond it bends to noise. */
const noiseRatio = 1.2;
/** Names of tiles in one sentence. */
const namesShown = 3;

/** How well bent tiles meet, whether the bend is in the images, and how much they bend: whole sentences. */
export function bendSentences(fit: ElasticFit): readonly string[] {
  const { medianPx, p90Px, patches, fittedPx, heldOutPx, leastStretch, mostStretch } = fit;
  if (patches === 0)
    return ['No patch of the overlaps could be aligned at full resolution: the matches alone bend the tiles.'];
  const isNoise = heldOutPx > noiseRatio * fittedPx;
  return [
    `At ${countText(patches, 'patch', 'patches')} of the overlaps the bent tiles meet within ${px(medianPx)} (90 %: ${px(p90Px)}).`,
    `A fit that is not told of every fifth patch meets those it knows within ${px(fittedPx)} and the others within ${px(heldOutPx)}: ` +
      (isNoise ? 'part of the bend is noise.' : 'the bend is in the images, it does not follow the noise.'),
    `No part of a tile is pressed to less than ${percent(leastStretch)} or pulled to more than ${percent(mostStretch)} of its size.`,
  ];
}

/** What the user must know of bent tiles before trusting them. */
export function bendWarnings({ stiffened, converged }: ElasticFit): readonly string[] {
  const warnings: string[] = [];
  if (stiffened.length > 0) {
    const were = stiffened.length === 1 ? 'was' : 'were';
    warnings.push(
      `${countText(stiffened.length, 'tile')} would have folded and ${were} made stiffer: ${namesText(stiffened, namesShown)}. Look at the links there: one of them may be wrong.`,
    );
  }
  if (!converged)
    warnings.push(
      'Bending the tiles ended before it had come to rest: seams may be left. The affine transform does without.',
    );
  return warnings;
}

function px(value: number): string {
  return `${value.toFixed(2)} px`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** Smooth misfits of so many px, in the median over the links, are seen at the seams. */
const notableMisfitPx = 0.5;

/** What to do where a stiff solution leaves misfits that are no noise, px; nothing where it does not. */
export function stiffnessWarnings(misfitPx: number | null): readonly string[] {
  if (misfitPx === null || misfitPx < notableMisfitPx) return [];
  return [
    `The links miss by ${px(misfitPx)} (median), more than noise explains: tiles bend, or the transform is too stiff. Choose elastic under Options: it follows them, and compares the other transforms.`,
  ];
}
