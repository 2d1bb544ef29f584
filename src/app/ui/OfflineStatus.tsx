import { useApp, useAppState } from './app-context.ts';

/** In the bottom line: how far the app is kept for use without a network, and whether a new version waits. */
export function OfflineStatus() {
  const { offline } = useApp();
  const { status, hasUpdate } = useAppState((state) => state.offline);
  return (
    <span className="offline" data-testid="offline" data-state={status.kind} role="status">
      {hasUpdate && (
        <button
          type="button"
          className="bare warn-text"
          data-testid="take-update"
          title="The page is loaded anew; the project is kept and matched pairs are known"
          onClick={offline.takeUpdate}
        >
          New version: reload
        </button>
      )}
      {status.kind === 'keeping' && (
        <span
          className="dim"
          title={`Program, network and WebAssembly are kept for use without a network: ${megabytes(status.doneBytes)} of ${megabytes(status.totalBytes)} MB, once`}
        >
          Keeping for offline use {Math.floor((100 * status.doneBytes) / status.totalBytes)} %
        </span>
      )}
      {status.kind === 'ready' && (
        <span
          className="dim"
          title={`Everything is kept in this browser (${megabytes(status.totalBytes)} MB): nothing is asked of the network any more`}
        >
          Ready offline
        </span>
      )}
      {status.kind === 'failed' && (
        <span className="dim" title={`The app works, but needs the network: ${status.reason}`}>
          Not kept for offline use
        </span>
      )}
    </span>
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
