/** value' = gain · value + offset, applied before blending. */
export interface GainOffset {
  readonly gain: number;
  readonly offset: number;
}

export const unitGain: GainOffset = { gain: 1, offset: 0 };
