import { useEffect, useState } from 'react';
import { handlesOfDrop } from '../jobs/folder-handles.ts';
import { filesOfDrop } from '../state/dropped-files.ts';
import { useApp } from './app-context.ts';

/** A large folder is looked through for seconds: how far that is, is said so often, ms. */
const saidEveryMs = 200;

/** Takes files and folders dropped anywhere on the page, at any time. */
export function DropTarget() {
  const { jobs, watch } = useApp();
  const [isOver, setIsOver] = useState(false);
  const [found, setFound] = useState<number | null>(null);

  useEffect(() => {
    const listeners = new AbortController();
    const { signal } = listeners;
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
      setIsOver(true);
    };
    const drop = (event: DragEvent) => {
      setIsOver(false);
      if (!holdsFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      const handles = handlesOfDrop(event.dataTransfer);
      let saidAt = performance.now();
      const onFound = (count: number) => {
        if (performance.now() - saidAt < saidEveryMs) return;
        saidAt = performance.now();
        setFound(count);
      };
      filesOfDrop(event.dataTransfer, { onUnreadable: jobs.report, onFound }).then(
        (files) => {
          setFound(null);
          const project = files.length === 1 && /\.json$/i.test(files[0].path) ? files[0].file : null;
          if (project) {
            void jobs.session.openFile(project);
            return;
          }
          jobs.session.rememberHandles(handles);
          watch.offer(handles);
          void jobs.addFiles(files);
        },
        (error: unknown) => {
          setFound(null);
          jobs.report(error);
        },
      );
    };
    window.addEventListener('dragenter', over, { signal });
    window.addEventListener('dragover', over, { signal });
    // Leaving the window has no related target; leaving an element for another has one.
    window.addEventListener('dragleave', (event) => event.relatedTarget === null && setIsOver(false), { signal });
    window.addEventListener('drop', drop, { signal });
    return () => listeners.abort();
  }, [jobs, watch]);

  if (isOver)
    return (
      <div className="drop-overlay" role="status">
        Drop to add tiles
      </div>
    );
  return found === null ? null : (
    <div className="drop-found" role="status" data-testid="drop-found">
      Looking through the folder: {found.toLocaleString('en-GB')} files so far
    </div>
  );
}
