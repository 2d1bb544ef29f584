import type {
  ExportRequest,
  ExportTarget,
  StitchClient,
  TextExport,
  TextExportKind,
  TextExportRequest,
} from '../../../workers/protocol.ts';
import { isAbort } from '../../core/errors.ts';
import { mosaicFormats } from '../../formats/index.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { withError } from '../state/job.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import type { Foreground } from './foreground.ts';
import type { SaveFolder, SavePlace, SaveSuggestion } from './save-place.ts';

/** What of the mosaic is written, and how; everything but the format has a default. */
export type MosaicChoice = Pick<ExportRequest, 'format'> & Partial<Pick<ExportRequest, 'region' | 'bits' | 'range'>>;

/** What leaves the app as a file. */
export interface Exports {
  /** Asks for a place and streams the picture there; must be called from a click. */
  readonly mosaic: (choice: MosaicChoice) => Promise<void>;
  /** Downloads a small text file; resolves to what the format could not hold, in whole sentences. */
  readonly text: (kind: TextExportKind) => Promise<readonly string[]>;
  /**
   * Asks for a folder and writes the picture and the solution of every stitched section there, one after the other, named
   * after it; must be called from a click. Ends at the first section that fails or is cancelled.
   */
  readonly sections: (choice: MosaicChoice) => Promise<void>;
}

interface ExportDeps {
  readonly store: AppStore;
  readonly client: Pick<StitchClient, 'exportMosaic' | 'textExport' | 'identify'>;
  readonly foreground: Foreground;
  readonly place: SavePlace;
  /** Opens a section; one that is stitched already is solved again from its known pairs. */
  readonly openSection: (name: string) => Promise<void>;
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

/** What no file system takes in a name. */
const forbidden = /[\\/:*?"<>|]/g;

/** The beginning of the names of a section's files; nothing without a stack. */
function prefixOf(section: string | null): string {
  return section === null ? '' : `${section.replaceAll(forbidden, '_')}-`;
}

export function createExports({ store, client, foreground, place, openSection }: ExportDeps): Exports {
  const fail = (error: unknown) => {
    if (!isAbort(error)) updateSlice(store, 'job', (job) => withError(job, error));
  };
  const prefix = () => prefixOf(store.getState().sections.current);

  /** Streams the picture into the target; true when it is whole. */
  const write = (target: ExportTarget, name: string, { format, region, bits, range }: MosaicChoice) =>
    foreground.run('export', async ({ signal, onProgress }) => {
      const wanted = { region: region ?? null, bits: bits ?? null, range: range ?? null };
      const report = await client.exportMosaic({ target, format, ...wanted }, signal, onProgress);
      signal.throwIfAborted();
      if (report.file) place.download(name, report.file);
      const written = target.kind === 'handle' ? target.handle.name : name;
      const kind = report.levels > 1 ? `${report.kind}, ${report.levels} levels` : report.kind;
      const values = report.values === null ? '' : `; ${report.values}`;
      const missing = report.damaged.length > 0 ? `; missing, because damaged: ${report.damaged.join(', ')}` : '';
      return `${written}: ${report.width} × ${report.height} px, ${megabytes(report.bytes)} MB ${kind}${values}${missing}`;
    });

  const requestFor = (kind: TextExportKind): TextExportRequest | null => {
    const { run } = store.getState().result;
    if (!run) return null;
    const { tiles, layout, options, excluded, corrections, matcher, outcome } = run;
    const { pairs, report, mosaic } = outcome;
    return { kind, tiles, layout, pairs, report, mosaic, options, matcher, excluded, corrections };
  };

  const save = ({ files }: TextExport) => {
    for (const { name, text } of files) place.download(prefix() + name, blobOf(name, text));
  };

  /** A report looks at every overlap and at who the files are: a job. */
  const saveReport = (request: TextExportRequest) =>
    foreground.run('export', async ({ signal, onProgress }) => {
      const named = relativeToDrop(store.getState().project.files);
      const known = await client.identify(named, signal);
      const files = named.map(({ path }, k) => ({ path, identity: known[k] }));
      const written = await client.textExport({ ...request, files }, signal, onProgress);
      signal.throwIfAborted();
      save(written);
      return written.files.map(({ name }) => name).join(' and ');
    });

  /** The picture and the solution of the section that is open; true when both are written. */
  const writeSection = async (choice: MosaicChoice, folder: SaveFolder | null): Promise<boolean> => {
    const name = prefix() + suggestionFor(choice.format).name;
    const target: ExportTarget = folder ? { kind: 'handle', handle: await folder.file(name) } : { kind: 'opfs', name };
    if (!(await write(target, name, choice))) return false;
    const request = requestFor('solution');
    if (!request) return false;
    const { files } = await client.textExport(request, new AbortController().signal);
    for (const { name: text, text: content } of files) {
      if (!folder) place.download(prefix() + text, blobOf(text, content));
      else await (await folder.file(prefix() + text)).createWritable().then((file) => whole(file, content));
    }
    return true;
  };

  return {
    async mosaic(choice) {
      const suggestion = suggestionFor(choice.format);
      const name = prefix() + suggestion.name;
      const target = await place.choose({ ...suggestion, name }).catch(fail);
      if (target) await write(target, name, choice);
    },
    async text(kind) {
      const request = requestFor(kind);
      if (!request) return [];
      try {
        if (kind === 'report') {
          await saveReport(request);
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
    async sections(choice) {
      try {
        const folder = place.chooseFolder ? await place.chooseFolder() : null;
        if (place.chooseFolder && folder === null) return;
        const done = store.getState().sections.entries.filter(({ state }) => state === 'done');
        for (const { section } of done) {
          const isOpen = () =>
            store.getState().sections.current === section.name && store.getState().result.run !== null;
          if (!isOpen()) await openSection(section.name);
          if (!isOpen() || !(await writeSection(choice, folder))) return;
        }
      } catch (error) {
        fail(error);
      }
    },
  };
}

function blobOf(name: string, text: string): Blob {
  return new Blob([text], { type: textTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain' });
}

/** Writes a file whole, or leaves the old one as it was. */
async function whole(file: FileSystemWritableFileStream, text: string): Promise<void> {
  try {
    await file.write(text);
  } catch (error) {
    await file.abort();
    throw error;
  }
  await file.close();
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
