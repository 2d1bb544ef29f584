import { describe, expect, it } from 'vitest';
import type { ElasticFit } from '../elastic/solve-elastic-graph.ts';
import { tileId } from '../tiles/tile.ts';
import { bendSentences, bendWarnings, stiffnessWarnings } from './bend-sentences.ts';

const fit: ElasticFit = {
  ...{ medianPx: 0.143, p90Px: 0.352, patches: 1913, fittedPx: 0.141, heldOutPx: 0.155, softness: 0.001 },
  ...{ leastStretch: 0.9611, mostStretch: 1.0352, stiffened: [], converged: true },
};
const tiles = (count: number) => Array.from({ length: count }, (_, n) => tileId(`t${n}.tif`));

describe('what is said of bent tiles', () => {
  it('is how well they meet, whether that is more than noise, and how much they bend', () => {
    expect(bendSentences(fit)).toEqual([
      'At 1913 patches of the overlaps the bent tiles meet within 0.14 px (90 %: 0.35 px).',
      'A fit that is not told of every fifth patch meets those it knows within 0.14 px and the others within 0.15 px: the bend is in the images, it does not follow the noise.',
      'No part of a tile is pressed to less than 96.1 % or pulled to more than 103.5 % of its size.',
    ]);
  });

  it('owns up to noise where patches that were held out miss by a fifth more', () => {
    const verdict = (heldOutPx: number) => bendSentences({ ...fit, fittedPx: 0.1, heldOutPx })[1];
    expect(verdict(0.119)).toContain('it does not follow the noise');
    expect(verdict(0.121)).toContain('part of the bend is noise');
  });

  it('says so when no patch was aligned, and counts one in the singular', () => {
    expect(bendSentences({ ...fit, patches: 0 })).toEqual([
      'No patch of the overlaps could be aligned at full resolution: the matches alone bend the tiles.',
    ]);
    expect(bendSentences({ ...fit, patches: 1 })[0]).toContain('At 1 patch of');
  });
});

describe('what is warned of', () => {
  it('is nothing where tiles bend as they should', () => {
    expect(bendWarnings(fit)).toEqual([]);
  });

  it('is tiles that would have folded, by name, three at most', () => {
    expect(bendWarnings({ ...fit, stiffened: tiles(1) })).toEqual([
      '1 tile would have folded and was made stiffer: t0.tif. Look at the links there: one of them may be wrong.',
    ]);
    expect(bendWarnings({ ...fit, stiffened: tiles(3) })[0]).toContain(
      '3 tiles would have folded and were made stiffer: t0.tif, t1.tif, t2.tif. Look',
    );
    expect(bendWarnings({ ...fit, stiffened: tiles(5) })[0]).toContain('t0.tif, t1.tif, t2.tif and 2 more. Look');
  });

  it('is a solve that had not come to rest, with what to do', () => {
    expect(bendWarnings({ ...fit, converged: false })).toEqual([
      'Bending the tiles ended before it had come to rest: seams may be left. The affine transform does without.',
    ]);
  });
});

describe('what is said of a stiff solution', () => {
  it('is nothing while the links fit or nobody knows', () => {
    expect(stiffnessWarnings(null)).toEqual([]);
    expect(stiffnessWarnings(0.49)).toEqual([]);
  });

  it('is what the links miss by, and what to choose', () => {
    expect(stiffnessWarnings(0.5)).toEqual([
      'The links miss by 0.50 px (median), more than noise explains: tiles bend, or the transform is too stiff. Choose elastic under Options: it follows them, and compares the other transforms.',
    ]);
  });
});
