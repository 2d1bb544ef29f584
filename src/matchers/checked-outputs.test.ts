import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { checkedOutputs } from './checked-outputs.ts';

describe('the outputs of a session', () => {
  it('are refused when one of them has values and no number', () => {
    const matches = new Tensor('float32', new Float32Array(6).fill(NaN), [1, 6]);
    expect(() => checkedOutputs({ matches })).toThrow('no numbers');
  });

  it('pass with numbers, without rows, and of other types', () => {
    const outputs = {
      matches: new Tensor('float32', new Float32Array([NaN, 1]), [1, 2]),
      none: new Tensor('float32', new Float32Array(0), [0, 6]),
      count: new Tensor('int32', new Int32Array([3]), [1]),
    };
    expect(checkedOutputs(outputs)).toBe(outputs);
  });
});
