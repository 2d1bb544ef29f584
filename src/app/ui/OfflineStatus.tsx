import type { OfflineStatus as Status } from '../state/offline.ts';
import { useApp, useAppState } from './app-context.ts';
import { Popover } from './Popover.tsx';
import { Tip } from './Tip.tsx';

/** In the bottom line: how far the app is kept for use without a network, and whether a new version waits. */
export function OfflineStatus() {
  const { offline } = useApp();
  const { status, hasUpdate } = useAppState((state) => state.offline);
  return (
    <span className="offline" data-testid="offline" data-state={status.kind} role="status">
      {hasUpdate && (
        <Tip text="The page is loaded anew; the project is kept and matched pairs are known" side="top">
          <button type="button" className="bare warn-text" data-testid="take-update" onClick={offline.takeUpdate}>
            New version: reload
          </button>
        </Tip>
      )}
      {status.kind !== 'off' && (
        <Popover name="Use without a network" label={<span className="dim">{labelOf(status)}</span>} isBare>
          <p>{sentenceOf(status)}</p>
        </Popover>
      )}
    </span>
  );
}

type Kept = Exclude<Status, { readonly kind: 'off' }>;

function labelOf(status: Kept): string {
  switch (status.kind) {
    case 'keeping':
      return `Keeping for offline use ${Math.floor((100 * status.doneBytes) / status.totalBytes)} %`;
    case 'ready':
      return 'Ready offline';
    case 'failed':
      return 'Not kept for offline use';
  }
}

function sentenceOf(status: Kept): string {
  switch (status.kind) {
    case 'keeping':
      return `Program, network and WebAssembly are kept for use without a network: ${megabytes(status.doneBytes)} of ${megabytes(status.totalBytes)} MB, once.`;
    case 'ready':
      return `Everything is kept in this browser (${megabytes(status.totalBytes)} MB): nothing is asked of the network any more.`;
    case 'failed':
      return `The app works, but needs the network: ${status.reason}`;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
