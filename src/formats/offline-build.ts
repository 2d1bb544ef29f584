/** When a file of the app is needed: to open the page, to match with the network, to match with it on a graphics device. */
export type OfflineNeed = 'start' | 'run' | 'gpu';

/** A file of the app's own build, as its service worker keeps it. */
export interface OfflineFile {
  /** Relative to the page. */
  readonly path: string;
  readonly bytes: number;
  /** Of the content, hexadecimal. */
  readonly sha256: string;
  readonly need: OfflineNeed;
}

/** What a build of the app consists of. */
export interface OfflineBuild {
  /** Changes with any of the files. */
  readonly version: string;
  readonly files: readonly OfflineFile[];
}
