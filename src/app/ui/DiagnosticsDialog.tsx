import { useEffect, useRef, useState } from 'react';
import { useApp } from './app-context.ts';

/** The button in the bottom line, and the text that it shows before anything is saved. */
export function DiagnosticsButton() {
  const { diagnostics, jobs } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    if (text !== null) dialog.current?.showModal();
  }, [text]);
  return (
    <>
      <button
        type="button"
        className="bare"
        data-testid="diagnostics-button"
        title="What helps to find out why something went wrong: text, without pixels or names"
        onClick={() => void diagnostics.read().then(setText, jobs.report)}
      >
        Diagnostics
      </button>
      {text !== null && (
        <dialog ref={dialog} className="help diagnostics" aria-label="Diagnostics" onClose={() => setText(null)}>
          <h2>Diagnostics</h2>
          <p className="dim">
            This is all that is saved: no pixels, no names of files, folders or persons. Nothing is sent anywhere.
          </p>
          <pre data-testid="diagnostics-text" tabIndex={0}>
            {text}
          </pre>
          <button type="button" data-testid="diagnostics-save" onClick={() => diagnostics.save(text)}>
            Save as a text file
          </button>{' '}
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </dialog>
      )}
    </>
  );
}
