/** What is used of a worker's global scope. */
type TrapScope = Pick<typeof globalThis, 'addEventListener' | 'reportError'>;

/**
 * Has a worker stop when WebAssembly traps in it and nobody there hears of it: a runtime that trapped while it started
 * would leave its caller waiting for good. The page hears of it as of any error of the worker.
 */
export function stopAtTraps(scope: TrapScope): void {
  scope.addEventListener('unhandledrejection', (event) => {
    if (!(event.reason instanceof WebAssembly.RuntimeError)) return;
    event.preventDefault();
    scope.reportError(event.reason);
  });
}
