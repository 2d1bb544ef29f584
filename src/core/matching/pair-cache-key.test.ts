import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../options.ts';
import { tileId } from '../tiles/tile.ts';
import { pairCacheKey } from './pair-cache-key.ts';
import type { PairCacheSubject } from './pair-cache-key.ts';

const subject: PairCacheSubject = {
  pair: {
    a: tileId('a.tif'),
    b: tileId('b.tif'),
    aFromB: { x: 100.1234, y: -2.5, thetaRad: 0.0104 },
    sigmaPx: 12.0006,
    expectedOverlap: { x: 90, y: 0, width: 10, height: 100 },
  },
  files: ['11:ab', '12:cd'],
  matcher: 'loftr',
  modelSha256: 'ef',
  options: defaultStitchOptions.pair,
};

describe('the key of a pair result', () => {
  it('names the pair, its files, the matcher, its model and options, and the layout to a thousandth', () => {
    expect(pairCacheKey(subject)).toBe(
      '["a.tif","b.tif",["11:ab","12:cd"],"loftr","ef",' +
        '{"model":"affine","minConfidence":null,"ransacPx":3,"marginFraction":0.5,"align":true},' +
        '[100.123,-2.5,0.01,12.001],{"x":90,"y":0,"width":10,"height":100}]',
    );
  });

  it('differs wherever the result may', () => {
    const { pair } = subject;
    const others: readonly PairCacheSubject[] = [
      subject,
      { ...subject, pair: { ...pair, a: tileId('c.tif') } },
      { ...subject, pair: { ...pair, b: tileId('c.tif') } },
      { ...subject, pair: { ...pair, aFromB: { ...pair.aFromB, x: 100.125 } } },
      { ...subject, pair: { ...pair, aFromB: { ...pair.aFromB, thetaRad: 0.012 } } },
      { ...subject, pair: { ...pair, sigmaPx: 12.002 } },
      { ...subject, pair: { ...pair, expectedOverlap: null } },
      { ...subject, files: ['11:ab', '12:ce'] },
      { ...subject, matcher: 'sift' },
      { ...subject, modelSha256: null },
      { ...subject, options: { ...subject.options, ransacPx: 4 } },
    ];
    expect(new Set(others.map(pairCacheKey)).size).toBe(others.length);
    expect(pairCacheKey({ ...subject, pair: { ...pair, sigmaPx: 12.0008 } })).toBe(pairCacheKey(subject));
  });
});
