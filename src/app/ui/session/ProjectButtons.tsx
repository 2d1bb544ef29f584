import { Save } from 'lucide-react';
import { useApp } from '../app-context.ts';

/** Saves the project as a file: decisions and corrections, no pixels. */
export function ProjectButtons() {
  const { jobs } = useApp();
  return (
    <button
      type="button"
      data-testid="save-project"
      title="A file with layout, options and corrections, without pixels: who has the same tiles sees the same mosaic"
      onClick={() => void jobs.session.saveFile()}
    >
      <Save className="small" aria-hidden="true" /> Save project
    </button>
  );
}
