import { shiftText } from './moved-pose.ts';
import type { EditTool } from './use-edit-tool.ts';
import './edits.css';

/** What the chosen tool does, and for a moved tile how far it is and what its seams say there. */
export function ToolHint({ hint, preview, drawn }: EditTool) {
  if (hint === null) return null;
  return (
    <div className="tool-hint" role="status" data-testid="tool-hint" data-drawn={drawn}>
      <p>{hint}</p>
      {preview && (
        <p className="number" data-testid="move-preview">
          {preview.view === 'difference' && 'Difference (black where alike) · '}x {shiftText(preview.dx)}, y{' '}
          {shiftText(preview.dy)} px, {((preview.turnRad * 180) / Math.PI).toFixed(2)}°
          {preview.seams.map(({ pairKey, neighbour, px }) => (
            <span key={pairKey}>
              {' '}
              · {neighbour} {px.toFixed(2)} px
            </span>
          ))}
        </p>
      )}
    </div>
  );
}
