import { Download } from 'lucide-react';
import { useState } from 'react';
import type { SampleType } from '../../core/raster/raster.ts';
import type { TextExportKind } from '../../../workers/protocol.ts';
import { useApp, useAppState } from './app-context.ts';

const sampleNames: Readonly<Record<SampleType, string>> = {
  uint8: '8-bit',
  uint16: '16-bit',
  int16: 'signed 16-bit',
  float32: '32-bit float',
};

/** The files that can be taken away. */
export function ExportPanel() {
  const { jobs } = useApp();
  const run = useAppState(({ result }) => result.run);
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  if (!run) return null;
  const { bounds, sampleType, channels, pixelSizeNm } = run.outcome.mosaic;
  const { blend, evenTones } = run.options.compose;
  const isEvened = evenTones && blend !== 'none';
  const text = (kind: TextExportKind) => void jobs.exportText(kind).then(setWarnings);
  return (
    <div className="export-panel">
      <p>
        {bounds.width} × {bounds.height} px, {sampleNames[sampleType]} {channels === 3 ? 'RGB' : 'grey'}, {blend} blend,{' '}
        {pixelSizeNm === null ? 'pixel size unknown' : `${pixelSizeNm.toPrecision(4)} nm per pixel`}
      </p>
      <ExportButton
        label="Mosaic TIFF"
        about={
          'Full resolution, in the bit depth of the tiles; the contrast of the screen is not in it. ' +
          (isEvened ? 'Brightness and contrast of the tiles are evened out (see Options).' : 'Values as in the tiles.')
        }
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
        about="The place of every tile and every link, with the options and the model"
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
