import type { FailureKind } from './judge.ts';
import type { TargetId } from './targets.ts';

/** What a lane is to do: the cases `first` … `end` − 1 of a seed, the readers taking turns. */
export interface FuzzTask {
  readonly seed: number;
  readonly first: number;
  readonly end: number;
  readonly readers: readonly TargetId[];
  /** What the lane is at, for whoever has to stop it: the words below, two doubles, the bytes. */
  readonly shared: SharedArrayBuffer;
}

/** Words of the shared memory. */
export const currentIndex = 0;
export const currentReader = 1;
export const currentLength = 2;
/** Where the bytes of the case begin; the two doubles before them are its start: CPU in µs, clock in ms. */
export const currentBytes = 32;

/** A case that failed. */
export interface FuzzFailure {
  readonly failure: FailureKind;
  readonly signature: string;
  readonly reader: TargetId;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** What a lane says. */
export type FuzzReport =
  | ({ readonly kind: 'failure' } & FuzzFailure)
  /** `done` cases since the last time, of which `values` were read; `next` is the first that is not done. */
  | { readonly kind: 'progress'; readonly next: number; readonly done: number; readonly values: number }
  | { readonly kind: 'end'; readonly corpus: readonly { readonly reader: TargetId; readonly bytes: Uint8Array }[] };
