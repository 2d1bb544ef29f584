/** Output that is many files under one root: a folder, or a ZIP archive. */
export interface FileTreeSink {
  /**
   * Writes a whole file; every path once.
   * @param path relative to the root, '/' separated
   * @throws StitchError `write-failed`
   */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Makes the tree visible as whole; answers the bytes it takes. */
  commit(): Promise<number>;
  /** Leaves nothing behind that looks whole. */
  abort(): Promise<void>;
}
