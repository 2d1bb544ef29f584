import type { ExportRequest, StitchClient, TextExport, TextExportKind } from '../../../workers/protocol.ts';
import { isAbort } from '../../core/errors.ts';
import { mosaicFormats } from '../../formats/index.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { withError } from '../state/job.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import type { Foreground } from './foreground.ts';
import type { SavePlace, SaveSuggestion } from './save-place.ts';

/** What of the mosaic is written, and how; everything but the format has a default. */
export type MosaicChoice = Pick<ExportRequest, 'format'> & Partial<Pick<ExportRequest, 'region' | 'bits' | 'range'>>;

/** What leaves the app as a file. */
export interface Exports {
  /** Asks for a place and streams the picture there; must be called from a click. */
  readonly mosaic: (choice: MosaicChoice) => Promise<void>;
  /** Downloads a small text file; resolves to what the format could not hold, in whole sentences. */
  readonly text: (kind: TextExportKind) => Promise<readonly string[]>;
}

/** What the place is asked with. */
function suggestionFor(format: ExportRequest['format']): SaveSuggestion {
  if (format === 'mask-tiff') return { ...suggestionFor('tiff'), name: 'mosaic-mask.tif' };
  const { fileName, label, mimeType } = mosaicFormats[format];
  return { name: fileName, description: label, mimeType };
}

/** By the ending of the name. */
const textTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  csv: 'text/csv',
  xml: 'application/xml',
  html: 'text/html',
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
    async mosaic({ format, region = null, bits = null, range = null }) {
      const suggestion = suggestionFor(format);
      const { name } = suggestion;
      const target = await place.choose(suggestion).catch(fail);
      if (!target) return;
      await foreground.run('export', async ({ signal, onProgress }) => {
        const report = await client.exportMosaic({ target, region, format, bits, range }, signal, onProgress);
        signal.throwIfAborted();
        if (report.file) place.download(name, report.file);
        const written = target.kind === 'handle' ? target.handle.name : name;
        const kind = report.levels > 1 ? `${report.kind}, ${report.levels} levels` : report.kind;
        const values = report.values === null ? '' : `; ${report.values}`;
        const missing = report.damaged.length > 0 ? `; missing, because damaged: ${report.damaged.join(', ')}` : '';
        return `${written}: ${report.width} × ${report.height} px, ${megabytes(report.bytes)} MB ${kind}${values}${missing}`;
      });
    },
    async text(kind) {
      const { run } = store.getState().result;
      if (!run) return [];
      const { tiles, layout, options, excluded, corrections, matcher, outcome } = run;
      const { pairs, report, mosaic } = outcome;
      const request = { kind, tiles, layout, pairs, report, mosaic, options, matcher, excluded, corrections };
      const save = ({ files }: TextExport) => {
        for (const { name, text } of files) {
          const type = textTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain';
          place.download(name, new Blob([text], { type }));
        }
      };
      try {
        if (kind === 'report') {
          await foreground.run('export', async ({ signal, onProgress }) => {
            const named = relativeToDrop(store.getState().project.files);
            const known = await client.identify(named, signal);
            const files = named.map(({ path }, k) => ({ path, identity: known[k] }));
            const written = await client.textExport({ ...request, files }, signal, onProgress);
            signal.throwIfAborted();
            save(written);
            return written.files.map(({ name }) => name).join(' and ');
          });
          return [];
        }
        const written = await client.textExport(request, new AbortController().signal);
        save(written);
        return written.warnings;
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
