import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A pair of strips as the network sees it, and the same region at full resolution, grey 0…255. */
export interface StripTensors {
  readonly width: number;
  readonly height: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** Twice the width and the height. */
  readonly fullA: Uint8Array;
  readonly fullB: Uint8Array;
}

/** Milliseconds of one run, the network or the detector alone. */
export interface Times {
  readonly wallMs: number;
  /** Processor time of all threads; null where it cannot be had. It says more than the wall's on a busy machine. */
  readonly cpuMs: number | null;
}

/** Something that matches a pair of strips. */
export interface Engine {
  readonly name: string;
  run(strips: StripTensors): Promise<Times>;
  close(): Promise<void>;
}
