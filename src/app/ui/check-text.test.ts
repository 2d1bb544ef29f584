import { describe, expect, it } from 'vitest';
import type { DeviceTest } from '../../core/evaluation/device-test.ts';
import type { MatcherStatus } from '../../../workers/protocol.ts';
import { pxText, secondsText, verdictText } from './check-text.ts';
import { placeText, webgpuText } from './rung-text.ts';

const right: DeviceTest = {
  ...{ tiles: 9, tileSide: 512, solvedTiles: 9, pairs: 12, apartPairs: 4, rightLinks: 12, falseLinks: 0 },
  ...{ worstPx: 0.034, medianPx: 0.02, matchMs: 412, elapsedMs: 9000 },
};
const wasm: MatcherStatus = {
  ...{ matcher: 'loftr', rung: 'wasm-threads', model: 'loftr-compact 1.1.0', modelSha256: 'aa', agreement: null },
  device: 'wasm, 2 threads',
};

describe('the verdict of a check', () => {
  it('says that the computer stitches right, with the worst tile, the time and the place', () => {
    expect(verdictText(right, wasm)).toBe(
      'This computer stitches right: the worst of 9 tiles is 0.03 px off; 12 pairs, 0.41 s a pair on WebAssembly, 2 threads.',
    );
    const js = { ...wasm, matcher: 'sift', rung: 'js', model: null, device: 'one worker a core' } as const;
    expect(verdictText({ ...right, matchMs: 62 }, js)).toMatch(/12 pairs, 62 ms a pair on JavaScript\.$/);
  });

  it('names everything that is wrong', () => {
    const wrong = { ...right, worstPx: 14.2, solvedTiles: 8, rightLinks: 10, falseLinks: 1 };
    expect(verdictText(wrong, wasm)).toBe(
      'The grid did not come out right on this computer: the worst of 9 tiles is 14 px off; 1 of 9 tiles hang on no link; 2 of 12 pairs have no right link; 1 link is false.',
    );
    expect(verdictText({ ...right, worstPx: Infinity }, wasm)).toContain('not every tile has a place');
    expect(verdictText({ ...right, worstPx: NaN }, wasm)).not.toContain('stitches right');
  });

  it('shows the digits that count', () => {
    expect([0.034, 9.99, 12.3, Infinity, NaN].map(pxText)).toEqual([
      ...['0.03 px', '9.99 px', '12 px', 'beyond measure', 'beyond measure'],
    ]);
    expect([4.2, 99, 412, 1240].map(secondsText)).toEqual(['4 ms', '99 ms', '0.41 s', '1.2 s']);
  });
});

describe('what is said of the graphics device', () => {
  const gpu = { ...wasm, rung: 'webgpu', device: 'nvidia ampere, half precision' } as const;

  it('is by how much WebGPU and WebAssembly differ', () => {
    const agreement = { matches: 57, farthestPx: 0.0123, widestConfidence: 0.001 };
    expect(webgpuText({ ...gpu, agreement })).toBe(
      'agrees with WebAssembly: 57 matches of a fixed pair differ by up to 0.012 px',
    );
    expect(placeText(gpu)).toBe('WebGPU (nvidia ampere, half precision)');
  });

  it('is that it is not offered, or why it is not trusted, or that it is not needed', () => {
    expect(webgpuText(wasm)).toBe('not offered here, so pairs take longer');
    const doubt = 'its matches of a fixed pair are not those of wasm (matches differ by up to 2.10 px)';
    const doubted = { ...wasm, device: `wasm, 4 threads; webgpu not used: ${doubt}` };
    expect(webgpuText(doubted)).toBe(`not used: ${doubt}`);
    expect(placeText(doubted)).toBe('WebAssembly, 4 threads');
    expect(webgpuText({ ...wasm, rung: 'js', model: null })).toBe('this matcher needs no graphics device');
  });
});
