import { Download } from 'lucide-react';
import { useState, type RefObject } from 'react';
import type { SampleType } from '../../core/raster/raster.ts';
import { handOffs, mosaicFormats } from '../../formats/index.ts';
import type { HandOffDescriptor, HandOffId, MosaicFormatDescriptor } from '../../formats/index.ts';
import type { ExportRequest, TextExportKind } from '../../../workers/protocol.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useApp, useAppState } from './app-context.ts';
import { SelectField } from './Fields.tsx';
import { visibleRegion } from './visible-region.ts';

const sampleNames: Readonly<Record<SampleType, string>> = {
  uint8: '8-bit',
  uint16: '16-bit',
  int16: 'signed 16-bit',
  float32: '32-bit float',
};

const parts = [
  { value: 'whole', label: 'The whole mosaic' },
  { value: 'visible', label: 'What is on the screen' },
] as const;

const samples = [
  { value: 'own', label: 'As in the tiles' },
  { value: '8', label: '8-bit' },
  { value: '16', label: '16-bit' },
  { value: '32f', label: '32-bit float' },
] as const;

type Part = (typeof parts)[number]['value'];
type Samples = (typeof samples)[number]['value'];
type Format = ExportRequest['format'];

interface ExportPanelProps {
  readonly viewer: RefObject<MosaicViewerHandle | null>;
}

/** The files that can be taken away. */
export function ExportPanel({ viewer }: ExportPanelProps) {
  const { jobs } = useApp();
  const run = useAppState(({ result }) => result.run);
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const [part, setPart] = useState<Part>('whole');
  const [bits, setBits] = useState<Samples>('own');
  if (!run) return null;
  const { bounds, sampleType, channels, pixelSizeNm } = run.outcome.mosaic;
  const { blend, evenTones } = run.options.compose;
  const isEvened = evenTones && blend !== 'none';
  const text = (kind: TextExportKind) => void jobs.exportText(kind).then(setWarnings);
  const write = (format: Format) => {
    const region = part === 'visible' ? visibleRegion(viewer.current, bounds) : null;
    if (part === 'visible' && !region)
      return setWarnings(['Nothing of the mosaic is on the screen: move it there first, or export the whole mosaic.']);
    setWarnings([]);
    const isMask = format === 'mask-tiff';
    void jobs.exportMosaic({ format, region, bits: bits === 'own' || isMask ? null : bits });
  };
  const canHold = ({ bits: possible }: MosaicFormatDescriptor) =>
    bits === 'own' || possible.some((each) => each === bits);
  const formats: readonly MosaicFormatDescriptor[] = Object.values(mosaicFormats);
  const programs: readonly HandOffDescriptor[] = Object.values(handOffs);
  return (
    <div className="export-panel">
      <p>
        {bounds.width} × {bounds.height} px, {sampleNames[sampleType]} {channels === 3 ? 'RGB' : 'grey'}, {blend} blend,{' '}
        {pixelSizeNm === null ? 'pixel size unknown' : `${pixelSizeNm.toPrecision(4)} nm per pixel`}.{' '}
        {isEvened
          ? 'Brightness and contrast of the tiles are evened out (see Options); '
          : 'The values are those of the tiles; '}
        contrast and turn of the screen are in no file.
      </p>
      <SelectField label="Part" value={part} options={parts} onChange={setPart} />
      <SelectField
        label="Samples"
        value={bits}
        options={samples}
        hint="A narrower type is filled from the 0.1 to the 99.9 percentile; the range is said when the file is written"
        onChange={setBits}
      />
      {formats.map((format) => (
        <ExportButton
          key={format.id}
          label={format.label}
          about={format.about}
          testId={`export-${format.id}`}
          isDisabled={isRunning || !canHold(format)}
          onClick={() => write(format.id as Format)}
        />
      ))}
      <ExportButton
        label="Validity mask TIFF"
        about="255 where a tile covers the canvas, 0 where nothing does"
        testId="export-mask"
        isDisabled={isRunning}
        onClick={() => write('mask-tiff')}
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
        label="Report (HTML and JSON)"
        about="For a reviewer: links, tiles, corrections and options on one page that opens offline"
        testId="export-report"
        onClick={() => text('report')}
      />
      <h2 className="section-title">Continue in another program</h2>
      <ExportButton
        label="Fiji (TileConfiguration)"
        about="Positions; rotation, stretch and mesh are dropped"
        testId="export-tile-configuration"
        onClick={() => text('tile-configuration')}
      />
      {programs.map(({ id, label, about }) => (
        <ExportButton
          key={id}
          label={label}
          about={about}
          testId={`export-${id}`}
          onClick={() => text(id as HandOffId)}
        />
      ))}
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
        <Download className="small" aria-hidden="true" /> {label}
      </button>
      <span className="dim small">{about}</span>
    </div>
  );
}
