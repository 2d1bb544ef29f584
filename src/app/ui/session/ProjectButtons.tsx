import { Save } from 'lucide-react';
import { Tip } from '../Tip.tsx';
import { useApp } from '../app-context.ts';

/** Saves the project as a file: decisions and corrections, no pixels. */
export function ProjectButtons() {
  const { jobs } = useApp();
  return (
    <Tip text="A file with layout, options and corrections, without pixels: who has the same tiles sees the same mosaic">
      <button type="button" data-testid="save-project" onClick={() => void jobs.session.saveFile()}>
        <Save className="small" aria-hidden="true" /> Save project
      </button>
    </Tip>
  );
}
