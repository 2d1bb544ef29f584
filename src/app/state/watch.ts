/** Slice `watch`; only `app/watch` writes it. */
export interface WatchState {
  /** A folder is at hand that the browser can look into again. */
  readonly canWatch: boolean;
  readonly isOn: boolean;
  /** Files taken in since it was switched on. */
  readonly added: number;
}

export const notWatching: WatchState = { canWatch: false, isOn: false, added: 0 };
