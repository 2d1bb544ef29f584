import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { bucketOf, padTensor } from './size-buckets.ts';

describe('size buckets', () => {
  it('hold every side with little to spare, and are few', () => {
    const buckets = new Set<number>();
    for (let side = 8; side <= 4096; side += 8) {
      const bucket = bucketOf(side);
      buckets.add(bucket);
      expect(bucket).toBeGreaterThanOrEqual(side);
      expect(bucket % 32).toBe(0);
      expect(bucket - side).toBeLessThan(Math.max(32, side / 4));
      expect(bucketOf(bucket)).toBe(bucket);
    }
    expect(buckets.size).toBeLessThanOrEqual(24);
    expect([152, 512, 520, 1024].map(bucketOf)).toEqual([160, 512, 640, 1024]);
  });

  it('pad an image to the right and below with pixels that are not there', () => {
    const image = new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [1, 1, 2, 3]);
    expect(padTensor(image, 2, 3)).toBe(image);
    const larger = padTensor(image, 3, 4);
    expect(larger.dims).toEqual([1, 1, 3, 4]);
    expect([...(larger.data as Float32Array)]).toEqual([1, 2, 3, -1, 4, 5, 6, -1, -1, -1, -1, -1]);
  });
});
