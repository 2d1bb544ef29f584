/** How far the app is kept for use without a network. */
export type OfflineStatus =
  /** The browser keeps nothing here: no service worker, or a development build. */
  | { readonly kind: 'off' }
  | { readonly kind: 'keeping'; readonly doneBytes: number; readonly totalBytes: number }
  /** Everything that this device needs is kept: nothing is asked of the network any more. */
  | { readonly kind: 'ready'; readonly totalBytes: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** Slice `offline`; only `app/offline` writes it. */
export interface OfflineState {
  readonly status: OfflineStatus;
  /** A newer version waits to be used. */
  readonly hasUpdate: boolean;
  /** The browser would install the app when asked. */
  readonly canInstall: boolean;
}

export const notOffline: OfflineState = { status: { kind: 'off' }, hasUpdate: false, canInstall: false };
