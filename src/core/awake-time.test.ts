import { describe, expect, it } from 'vitest';
import { whenAwakeFor } from './awake-time.ts';
import { sleepyClock } from './testing/sleepy-clock.ts';

describe('a time that is counted while the computer is awake', () => {
  it('is over after just so long', () => {
    const clock = sleepyClock();
    let over = 0;
    whenAwakeFor(8000, () => over++, clock.setTimer);
    clock.pass(7999);
    expect(over).toBe(0);
    clock.pass(1);
    expect(over).toBe(1);
    clock.pass(60_000);
    expect(over).toBe(1);
  });

  it('loses one period in a night, where one timer would be over', () => {
    const clock = sleepyClock();
    let [over, plain] = [0, 0];
    whenAwakeFor(8000, () => over++, clock.setTimer);
    clock.setTimer(() => plain++, 8000);
    clock.pass(500);
    clock.sleep(9 * 3_600_000);
    expect([over, plain]).toEqual([0, 1]);
    clock.pass(6999);
    expect(over).toBe(0);
    clock.pass(1);
    expect(over).toBe(1);
  });

  it('is taken back in any of its periods', () => {
    const clock = sleepyClock();
    let over = 0;
    const takeBack = whenAwakeFor(8000, () => over++, clock.setTimer, 4);
    clock.pass(5000);
    takeBack();
    clock.pass(60_000);
    expect(over).toBe(0);
  });
});
