import { afterEach, describe, expect, it, vi } from 'vitest';
import { fileHandleSink, opfsSink } from './sinks.ts';

/** A file that the user chose, whose stream loses `lost` bytes of what it is given, or fails at a write. */
function chosenFile({ lost = 0, failsAt = -1 }: { readonly lost?: number; readonly failsAt?: number }) {
  let visible: number | null = null;
  let writes = 0;
  const handle = {
    name: 'mosaic.tif',
    createWritable: async () => {
      let size = 0;
      return {
        write: async ({ position, data }: { position: number; data: Uint8Array }) => {
          if (writes++ === failsAt) throw new DOMException('no space is left', 'QuotaExceededError');
          size = Math.max(size, position + data.byteLength - lost);
        },
        truncate: async (length: number) => void (size = Math.min(size, length)),
        close: async () => void (visible = size),
        abort: async () => undefined,
      };
    },
    getFile: async () => ({ size: visible ?? 0 }),
  };
  return { handle: handle as unknown as FileSystemFileHandle, visible: () => visible };
}

/** An origin-private file system whose access handle answers `taken` for every write. */
function privateFiles(taken: (bytes: number) => number, keeps: (size: number) => number = (size) => size) {
  const files = new Map<string, number>();
  vi.stubGlobal('navigator', {
    storage: {
      getDirectory: async () => ({
        getFileHandle: async (name: string) => ({
          createSyncAccessHandle: async () => {
            let size = 0;
            files.set(name, size);
            return {
              write: (bytes: Uint8Array, { at }: { at: number }) => {
                size = Math.max(size, at + bytes.byteLength);
                files.set(name, size);
                return taken(bytes.byteLength);
              },
              truncate: (length: number) => void (size = length),
              flush: () => undefined,
              getSize: () => keeps(size),
              close: () => undefined,
            };
          },
          getFile: async () => ({}),
        }),
        removeEntry: async (name: string) => void files.delete(name),
      }),
    },
  });
  return files;
}

const bytes = new Uint8Array(1000);

describe('a file that the user chose', () => {
  it('is made visible whole', async () => {
    const { handle, visible } = chosenFile({});
    const sink = await fileHandleSink(handle);
    await sink.writeAt(0, bytes);
    await sink.writeAt(1000, bytes);
    await sink.commit();
    expect(visible()).toBe(2000);
  });

  it('says that the disk is full, and that the solution is kept', async () => {
    const { handle, visible } = chosenFile({ failsAt: 1 });
    const sink = await fileHandleSink(handle);
    await sink.writeAt(0, bytes);
    await expect(sink.writeAt(1000, bytes)).rejects.toMatchObject({
      code: 'write-failed',
      message: expect.stringMatching(/no space is left.*solution is kept/) as string,
    });
    await sink.abort();
    expect(visible()).toBeNull();
  });

  it('is emptied when it turns out shorter than what was written', async () => {
    const { handle, visible } = chosenFile({ lost: 1 });
    const sink = await fileHandleSink(handle);
    await sink.writeAt(0, bytes);
    await expect(sink.commit()).rejects.toMatchObject({ code: 'write-failed' });
    expect(visible()).toBe(0);
  });
});

describe('a file of the origin-private file system', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ['none', () => 0],
    ['half', (n: number) => n / 2],
    ['a negative count', () => -1],
  ] as const)('is removed when a write takes %s of its bytes', async (_, taken) => {
    const files = privateFiles(taken);
    const sink = await opfsSink('m.tif');
    await expect(sink.writeAt(0, bytes)).rejects.toMatchObject({ code: 'write-failed' });
    await sink.abort();
    expect(files.size).toBe(0);
  });

  it('has a name of its own while another tab writes one of this name', async () => {
    const files = privateFiles((n) => n);
    const opened: string[] = [];
    const { storage } = navigator;
    vi.stubGlobal('navigator', {
      storage: {
        getDirectory: async () => {
          const root = await storage.getDirectory();
          return {
            ...root,
            getFileHandle: async (name: string) => {
              opened.push(name);
              const handle = await root.getFileHandle(name, { create: true });
              const taken = () => Promise.reject(new DOMException('taken', 'NoModificationAllowedError'));
              return name === 'm.tif' ? { ...handle, createSyncAccessHandle: taken } : handle;
            },
          };
        },
      },
    });
    const sink = await opfsSink('m.tif');
    await sink.writeAt(0, bytes);
    await sink.commit();
    expect(opened).toEqual(['m.tif', '2-m.tif']);
    expect(files.get('2-m.tif')).toBe(1000);
  });

  it('is closed when it cannot be emptied: the next export of this name has it', async () => {
    let open = 0;
    let isFull = true;
    const createSyncAccessHandle = async () => {
      if (open > 0) throw new DOMException('taken', 'NoModificationAllowedError');
      open++;
      return {
        truncate: () => {
          if (isFull) throw new DOMException('no space is left', 'QuotaExceededError');
        },
        close: () => void open--,
      };
    };
    const names: string[] = [];
    const getFileHandle = async (name: string) => {
      names.push(name);
      return { createSyncAccessHandle };
    };
    vi.stubGlobal('navigator', { storage: { getDirectory: async () => ({ getFileHandle }) } });
    await expect(opfsSink('m.tif')).rejects.toMatchObject({ code: 'write-failed' });
    expect(open).toBe(0);
    isFull = false;
    await opfsSink('m.tif');
    expect(names).toEqual(['m.tif', 'm.tif']);
  });

  it('is refused in a sentence where there is no private file system', async () => {
    const denied = () => Promise.reject(new DOMException('denied', 'SecurityError'));
    vi.stubGlobal('navigator', { storage: { getDirectory: denied } });
    await expect(opfsSink('m.tif')).rejects.toMatchObject({ code: 'write-failed' });
  });

  it('is removed when its final size is not what was written', async () => {
    const files = privateFiles(
      (n) => n,
      (size) => size - 1,
    );
    const sink = await opfsSink('m.tif');
    await sink.writeAt(0, bytes);
    await expect(sink.commit()).rejects.toThrow(/999 of 1000 bytes/);
    expect(files.size).toBe(0);
  });
});
