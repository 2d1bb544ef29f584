import { Download } from 'lucide-react';
import { useState } from 'react';
import type { TextExportKind } from '../../../workers/protocol.ts';
import { useApp, useAppState } from './app-context.ts';

/** The files that can be taken away. */
export function ExportPanel() {
  const { jobs } = useApp();
  const run = useAppState(({ result }) => result.run);
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  if (!run) return null;
  const { bounds, sampleType, channels, pixelSizeNm } = run.outcome.mosaic;
  const { blend } = run.options.compose;
  const text = (kind: TextExportKind) => void jobs.exportText(kind).then(setWarnings);
  return (
    <div className="export-panel">
      <p>
        {bounds.width} × {bounds.height} px, {channels === 3 ? 'RGB ' : ''}
        {sampleType}, {blend} blend,{' '}
        {pixelSizeNm === null ? 'pixel size unknown' : `${pixelSizeNm.toPrecision(4)} nm per pixel`}
      </p>
      <ExportButton
        label="Mosaic TIFF"
        about="Full resolution, the samples as they are in the tiles; never the contrast of the screen"
        testId="export-tiff"
        isDisabled={isRunning}
        onClick={() => void jobs.exportMosaic('tiff')}
      />
      <ExportButton
        label="Validity mask TIFF"
        about="255 where a tile covers the canvas, 0 where nothing does"
        testId="export-mask"
        isDisabled={isRunning}
        onClick={() => void jobs.exportMosaic('mask-tiff')}
      />
      <ExportButton
        label="solution.json"
        about="Every tile's transform and every link, with the options and the model"
        testId="export-solution"
        onClick={() => text('solution')}
      />
      <ExportButton
        label="links.csv"
        about="One line for each pair: matches, inliers, residuals, reasons"
        testId="export-links"
        onClick={() => text('links-csv')}
      />
      <ExportButton
        label="TileConfiguration.registered.txt"
        about="Positions for Fiji; translations only"
        testId="export-tile-configuration"
        onClick={() => text('tile-configuration')}
      />
      {warnings.map((warning) => (
        <p key={warning} className="warning" role="status">
          {warning}
        </p>
      ))}
    </div>
  );
}

interface ExportButtonProps {
  readonly label: string;
  readonly about: string;
  readonly testId: string;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}

function ExportButton({ label, about, testId, isDisabled = false, onClick }: ExportButtonProps) {
  return (
    <div className="export">
      <button type="button" data-testid={testId} disabled={isDisabled} onClick={onClick}>
        <Download size={14} aria-hidden="true" /> {label}
      </button>
      <span className="dim small">{about}</span>
    </div>
  );
}
