import { useEffect, useRef, useState } from 'react';
import { useApp } from './app-context.ts';

/** What helps to find out why something went wrong, shown before anything is saved. */
export function DiagnosticsDialog({ onClose }: { readonly onClose: () => void }) {
  const { diagnostics, jobs } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState<string | null>(null);
  const [isCopied, setIsCopied] = useState(false);
  const copy = () => {
    if (text !== null) navigator.clipboard.writeText(text).then(() => setIsCopied(true), jobs.report);
  };
  useEffect(() => {
    dialog.current?.showModal();
    diagnostics.read().then(setText, jobs.report);
  }, [diagnostics, jobs]);
  return (
    <dialog ref={dialog} className="help diagnostics" aria-label="Diagnostics" onClose={onClose}>
      <h2>Diagnostics</h2>
      <p className="dim">
        This is all that is saved: no pixels, no names of files, folders or persons. Nothing is sent anywhere.
      </p>
      <pre data-testid="diagnostics-text" tabIndex={0}>
        {text ?? 'Reading…'}
      </pre>
      <button
        type="button"
        data-testid="diagnostics-save"
        disabled={text === null}
        onClick={() => text !== null && diagnostics.save(text)}
      >
        Save as a text file
      </button>{' '}
      <button type="button" data-testid="diagnostics-copy" disabled={text === null} onClick={copy}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>{' '}
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
