/** The N-th call at a door of the program, and the way in which it fails. */
export interface FaultPoint<Kind extends string = string> {
  /** What is called: `handle.write`, `matchPair`, `cache.put`. */
  readonly door: string;
  /** Calls at this door before it. */
  readonly call: number;
  readonly kind: Kind;
}

/** Counts the calls at all doors of a run, and says which one fails. */
export interface FaultPlan<Kind extends string = string> {
  /** Asked once a call, before it is made: the kind that it fails with; null when it succeeds. */
  readonly meet: (door: string) => Kind | null;
  /** Calls made so far, by door. */
  readonly calls: ReadonlyMap<string, number>;
  /** True once the fault has been met. */
  readonly hasStruck: () => boolean;
}

/**
 * A plan that fails one call, or none: a run under a plan of none counts the points that there are. Some faults last:
 * once a disk is full or a process is gone, every later call at a door of `lasting` fails with the same kind.
 */
export function faultPlan<Kind extends string>(
  point: FaultPoint<Kind> | null,
  lasting: (kind: Kind, door: string) => boolean = () => false,
): FaultPlan<Kind> {
  const calls = new Map<string, number>();
  let struck = false;
  return {
    calls,
    hasStruck: () => struck,
    meet(door) {
      const call = calls.get(door) ?? 0;
      calls.set(door, call + 1);
      if (!point) return null;
      if (struck) return lasting(point.kind, door) ? point.kind : null;
      struck = point.door === door && point.call === call;
      return struck ? point.kind : null;
    },
  };
}

/** Every call of a counted run in every way that calls at its door can fail. */
export function faultPoints<Kind extends string>(
  calls: ReadonlyMap<string, number>,
  kindsOf: (door: string) => readonly Kind[],
): readonly FaultPoint<Kind>[] {
  return [...calls].flatMap(([door, count]) =>
    Array.from({ length: count }, (_, call) => kindsOf(door).map((kind) => ({ door, call, kind }))).flat(),
  );
}

/** Every `step`-th point, beginning at one that the seed chooses: a sample that touches all doors and kinds. */
export function everyNth<T>(points: readonly T[], step: number, seed: number): readonly T[] {
  return points.filter((_, k) => k % step === seed % step);
}
