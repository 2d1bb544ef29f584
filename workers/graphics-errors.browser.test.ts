import { describe, expect, it } from 'vitest';
import { graphicsErrors } from './graphics-errors.ts';

interface Buffer {
  mapAsync(mode: number): Promise<void>;
}
interface Device extends EventTarget {
  readonly queue: { submit(commands: readonly unknown[]): void };
  createBuffer(of: { readonly size: number; readonly usage: number }): Buffer;
  createCommandEncoder(): {
    copyBufferToBuffer(...of: readonly [Buffer, number, Buffer, number, number]): void;
    finish(): unknown;
  };
}
type Gpu = { requestAdapter(): Promise<{ requestDevice(): Promise<Device> } | null> } | undefined;

const [mapRead, mapWrite, copySource, copyTarget] = [1, 2, 4, 8];

describe('a graphics device (the software one of Chromium)', () => {
  it('leaves out a copy from memory that it does not have, gives zeros without an error, and is heard to complain', async () => {
    const { gpu } = navigator as unknown as { readonly gpu: Gpu };
    const device = await (await gpu?.requestAdapter())?.requestDevice();
    if (!device) throw new Error('this browser has no WebGPU');
    const errors = graphicsErrors(device);
    const copied = async (usage: number) => {
      const [from, to] = [
        device.createBuffer({ size: 16, usage }),
        device.createBuffer({ size: 16, usage: mapRead | copyTarget }),
      ];
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, 0, to, 0, 16);
      device.queue.submit([encoder.finish()]);
      await to.mapAsync(mapRead);
      return errors.first();
    };
    expect(await copied(copySource)).toBeNull();
    // A buffer that cannot be mapped both ways is as invalid as one that there was no memory for.
    expect(await copied(mapRead | mapWrite | copySource)).toMatch(/^a command that does not hold: /);
  });
});
