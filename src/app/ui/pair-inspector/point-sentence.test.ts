import { describe, expect, it } from 'vitest';
import { surfaceSentence } from './point-sentence.ts';

const surface = { side: 3, values: new Float32Array(9) };

describe('surfaceSentence', () => {
  it('tells where the patch fits and how sure that is', () => {
    const peak = { dx: 1.26, dy: -0.4, value: 0.81 };
    expect(surfaceSentence({ ...surface, peak, rival: { dx: -9, dy: 3, value: 0.33 } })).toBe(
      'Best fit 0.81 at (+1.3, −0.4) px from where it is drawn. The next best place has 0.33 at (−9.0, +3.0) px.',
    );
    expect(surfaceSentence({ ...surface, peak, rival: { dx: -9, dy: 3, value: 0.8 } })).toContain('ambiguous');
  });

  it('says when there is nothing to find', () => {
    expect(surfaceSentence({ ...surface, peak: null, rival: null })).toContain('no pixels');
    expect(surfaceSentence({ ...surface, peak: { dx: 0, dy: 0, value: 0.1 }, rival: null })).toContain('Nothing');
  });
});
