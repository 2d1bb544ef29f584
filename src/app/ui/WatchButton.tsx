import { Eye } from 'lucide-react';
import { Tip } from './Tip.tsx';
import { useApp, useAppState } from './app-context.ts';

/** Switches the watch of the dropped folder; absent where the browser cannot look into it again. */
export function WatchButton() {
  const { watch } = useApp();
  const { canWatch, isOn, added } = useAppState((state) => state.watch);
  if (!canWatch) return null;
  return (
    <Tip text="Takes in tiles as the microscope writes them: new files are laid out and, once there is a mosaic, matched">
      <button type="button" aria-pressed={isOn} data-testid="watch-folder" onClick={watch.toggle}>
        <Eye className="small" aria-hidden="true" />{' '}
        {isOn ? `Watching${added > 0 ? ` · ${added} new` : ''}` : 'Watch folder'}
      </button>
    </Tip>
  );
}
