import { StitchError } from '../core/errors.ts';

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

/**
 * The parts of a path in a tree, none of which leads out of it.
 * @throws StitchError `write-failed` for an absolute path, a part that is empty, `.` or `..`, a backslash, a colon or a
 *   control character
 */
export function treePath(path: string): readonly string[] {
  const parts = path.split('/');

  if (parts.some((part) => /^\.{0,2}$/.test(part) || /[\\:\u0000-\u001f]/.test(part)))
    throw new StitchError('write-failed', `${JSON.stringify(path)} would lead out of the folder that is written.`);
  return parts;
}
