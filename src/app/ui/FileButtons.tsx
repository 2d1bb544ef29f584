import { useRef } from 'react';
import { namedFiles } from '../state/dropped-files.ts';
import { useApp } from './app-context.ts';

/** Not an attribute that React's types know. */
const wholeFolder = { webkitdirectory: '' };

/** 'Choose folder' and 'Choose files': hidden file inputs behind buttons. */
export function FileButtons({ compact = false }: { readonly compact?: boolean }) {
  const { jobs } = useApp();
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const add = (input: HTMLInputElement) => {
    const chosen = namedFiles(input.files ?? []);
    // The same folder can be chosen again only if the input has forgotten it.
    input.value = '';
    void jobs.addFiles(chosen);
  };
  return (
    <>
      <button type="button" data-testid="choose-folder" onClick={() => folder.current?.click()}>
        {compact ? 'Add folder' : 'Choose folder'}
      </button>
      <button type="button" data-testid="choose-files" onClick={() => files.current?.click()}>
        {compact ? 'Add files' : 'Choose files'}
      </button>
      <input
        ref={folder}
        type="file"
        hidden
        multiple
        {...wholeFolder}
        aria-label="Folder of tiles"
        data-testid="folder-input"
        onChange={(event) => add(event.currentTarget)}
      />
      <input
        ref={files}
        type="file"
        hidden
        multiple
        aria-label="Tiles"
        data-testid="files-input"
        onChange={(event) => add(event.currentTarget)}
      />
    </>
  );
}
