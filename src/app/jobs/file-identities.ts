import type { NamedFile, StitchClient } from '../../../workers/protocol.ts';
import { fileIdentity } from '../state/dropped-files.ts';

/** Identities of files by content, asked for once a file. */
export interface FileIdentities {
  /** In the order of the files; a file that cannot be read has that of its name, size and time. */
  readonly of: (files: readonly NamedFile[], signal: AbortSignal) => Promise<readonly string[]>;
}

export function fileIdentities(client: Pick<StitchClient, 'identify'>): FileIdentities {
  const known = new WeakMap<File, string>();
  return {
    async of(files, signal) {
      const missing = files.filter(({ file }) => !known.has(file));
      if (missing.length > 0) {
        const found = await client.identify(missing, signal);
        missing.forEach((named, k) => known.set(named.file, found[k] || fileIdentity(named)));
      }
      return files.map((named) => known.get(named.file) ?? fileIdentity(named));
    },
  };
}
