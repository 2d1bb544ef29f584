import type { ExportRequest, StitchClient, TextExportKind } from '../../../workers/protocol.ts';
import { isAbort } from '../../core/errors.ts';
import { withError } from '../state/job.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import type { Foreground } from './foreground.ts';
import type { SavePlace } from './save-place.ts';

/** What leaves the app as a file. */
export interface Exports {
  /** Asks for a place and streams the picture there; must be called from a click. */
  readonly mosaic: (format: ExportRequest['format']) => Promise<void>;
  /** Downloads a small text file; resolves to what the format could not hold, in whole sentences. */
  readonly text: (kind: TextExportKind) => Promise<readonly string[]>;
}

const fileNames: Readonly<Record<ExportRequest['format'], string>> = {
  tiff: 'mosaic.tif',
  'mask-tiff': 'mosaic-mask.tif',
};

const textTypes: Readonly<Record<TextExportKind, string>> = {
  solution: 'application/json',
  'links-csv': 'text/csv',
  'tile-configuration': 'text/plain',
};

export function createExports(
  store: AppStore,
  client: StitchClient,
  foreground: Foreground,
  place: SavePlace,
): Exports {
  const fail = (error: unknown) => {
    if (!isAbort(error)) updateSlice(store, 'job', (job) => withError(job, error));
  };

  return {
    async mosaic(format) {
      const name = fileNames[format];
      const target = await place.choose(name).catch(fail);
      if (!target) return;
      await foreground.run('export', async ({ signal, onProgress }) => {
        const report = await client.exportMosaic({ target, region: null, format }, signal, onProgress);
        signal.throwIfAborted();
        if (report.file) place.download(name, report.file);
        const written = target.kind === 'handle' ? target.handle.name : name;
        const kind = report.bigTiff ? 'BigTIFF' : 'TIFF';
        const missing = report.damaged.length > 0 ? `; missing, because damaged: ${report.damaged.join(', ')}` : '';
        return `${written}: ${report.width} × ${report.height} px, ${megabytes(report.bytes)} MB ${kind}${missing}`;
      });
    },
    async text(kind) {
      const { run } = store.getState().result;
      if (!run) return [];
      const { tiles, layout, options, excluded, matcher, outcome } = run;
      const { pairs, report, mosaic } = outcome;
      try {
        const { name, text, warnings } = await client.textExport(
          { kind, tiles, layout, pairs, report, mosaic, options, matcher, excluded },
          new AbortController().signal,
        );
        place.download(name, new Blob([text], { type: textTypes[kind] }));
        return warnings;
      } catch (error) {
        fail(error);
        return [];
      }
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
