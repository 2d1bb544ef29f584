import { describe, expect, it } from 'vitest';
import { everyNth, faultPlan, faultPoints } from './fault-plan.ts';

describe('a plan of faults', () => {
  it('fails the one call it is for, and counts all', () => {
    const plan = faultPlan({ door: 'read', call: 1, kind: 'hang' });
    expect(['read', 'write', 'read', 'read'].map((door) => plan.meet(door))).toEqual([null, null, 'hang', null]);
    expect(plan.hasStruck()).toBe(true);
    expect([...plan.calls]).toEqual([
      ['read', 3],
      ['write', 1],
    ]);
  });

  it('goes on failing where the fault lasts', () => {
    const plan = faultPlan({ door: 'write', call: 0, kind: 'full' }, (_, door) => door !== 'read');
    expect(['write', 'read', 'sync', 'write'].map((door) => plan.meet(door))).toEqual(['full', null, 'full', 'full']);
  });

  it('lists every call in every way it can fail, and samples all doors', () => {
    const calls = new Map([
      ['read', 3],
      ['write', 2],
    ]);
    const points = faultPoints(calls, (door) => (door === 'read' ? ['a', 'b'] : ['c']));
    expect(points.map(({ door, call, kind }) => `${door}${call}${kind}`)).toEqual(
      'read0a read0b read1a read1b read2a read2b write0c write1c'.split(' '),
    );
    expect(everyNth(points, 3, 4)).toEqual([points[1], points[4], points[7]]);
  });
});
