import type { Tensor } from 'onnxruntime-common';
import { areNoNumbers } from '../core/no-numbers.ts';

/**
 * The outputs of a session; one without a number in it would pass for a pair without matches, and be kept. What stays on
 * a device is not looked at.
 *
 * @throws Error that names no session: whoever runs it says which
 */
export function checkedOutputs<Outputs extends Readonly<Record<string, Tensor>>>(outputs: Outputs): Outputs {
  for (const output of Object.values(outputs))
    if (output.location === 'cpu' && output.data instanceof Float32Array && areNoNumbers(output.data))
      throw new Error('its answer is no numbers');
  return outputs;
}
