import { describe, expect, it } from 'vitest';
import { stopAtTraps } from './fatal-traps.ts';

/** A worker's scope in which a promise rejects and nobody waits for it; what the page hears of it. */
function reportedAfter(reason: unknown) {
  const reported: unknown[] = [];
  const scope = Object.assign(new EventTarget(), { reportError: (error: unknown) => void reported.push(error) });
  stopAtTraps(scope);
  const event = Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason });
  scope.dispatchEvent(event);
  return { reported, isHeard: event.defaultPrevented };
}

describe('a rejection that nobody in a worker waits for', () => {
  it('ends the worker when WebAssembly has trapped', () => {
    const trap = new WebAssembly.RuntimeError('memory access out of bounds');
    expect(reportedAfter(trap)).toEqual({ reported: [trap], isHeard: true });
  });

  it('is left to the browser when it is any other', () => {
    expect(reportedAfter(new Error('elsewhere'))).toEqual({ reported: [], isHeard: false });
  });
});
