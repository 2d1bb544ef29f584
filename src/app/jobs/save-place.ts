import { StitchError } from '../../core/errors.ts';
import type { ExportTarget } from '../../../workers/protocol.ts';

/** What a file is to be called and what it is. */
export interface SaveSuggestion {
  readonly name: string;
  readonly description: string;
  readonly mimeType: string;
}

/** Where exports go: the user's disk through a picker where the browser has one, else a download. */
export interface SavePlace {
  /** Asks for a place while the click still counts; null when the user thinks better of it. */
  choose(suggestion: SaveSuggestion): Promise<ExportTarget | null>;
  download(name: string, content: Blob): void;
  /** Asks for a folder for many files; null when the user thinks better of it. Absent where the browser asks for none. */
  chooseFolder?(): Promise<SaveFolder | null>;
}

/** A folder that the user chose; what is written there replaces files of the same name. */
export interface SaveFolder {
  file(name: string): Promise<FileSystemFileHandle>;
}

type FolderPicker = (options: { readonly mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;

/** The File System Access picker; TypeScript's DOM library has the handles but not the pickers. */
type SavePicker = (options: {
  readonly suggestedName: string;
  readonly types: readonly { readonly description: string; readonly accept: Readonly<Record<string, string[]>> }[];
}) => Promise<FileSystemFileHandle>;

/** A download needs its URL until the browser has read the file; there is no event for that. */
const keepUrlMs = 10 * 60_000;

export function browserSavePlace(window: Window): SavePlace {
  const { showDirectoryPicker } = window as { readonly showDirectoryPicker?: FolderPicker };
  const chooseFolder = async (pick: FolderPicker): Promise<SaveFolder | null> => {
    try {
      const folder = await pick.call(window, { mode: 'readwrite' });
      return { file: (name) => folder.getFileHandle(name, { create: true }) };
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') return null;
      throw error;
    }
  };
  return {
    ...(showDirectoryPicker ? { chooseFolder: () => chooseFolder(showDirectoryPicker) } : {}),
    async choose({ name, description, mimeType }) {
      const picker = (window as { readonly showSaveFilePicker?: SavePicker }).showSaveFilePicker;
      if (!picker) return { kind: 'opfs', name };
      try {
        const handle = await picker.call(window, {
          suggestedName: name,
          types: [{ description, accept: { [mimeType]: [name.slice(name.lastIndexOf('.'))] } }],
        });
        return { kind: 'handle', handle };
      } catch (error) {
        if (error instanceof Error && error.name === 'AbortError') return null;
        throw error;
      }
    },
    download(name, content) {
      const url = addressOf(name, content);
      const anchor = window.document.createElement('a');
      anchor.href = url;
      anchor.download = name;
      anchor.click();
      window.setTimeout(() => URL.revokeObjectURL(url), keepUrlMs);
    },
  };
}

/** An address under which the browser can download `content`. @throws write-failed when it makes none */
function addressOf(name: string, content: Blob): string {
  try {
    return URL.createObjectURL(content);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError(
      'write-failed',
      `The browser cannot hand out ${name} (${why}). Close other tabs, then try again.`,
      {},
      { cause },
    );
  }
}
