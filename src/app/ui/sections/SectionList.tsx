import { CircleAlert, CircleCheck, CircleDashed, LoaderCircle, TriangleAlert } from 'lucide-react';
import { useMemo } from 'react';
import type { SectionFlag } from '../../../core/stack/section-quality.ts';
import { sectionFlags, type SectionEntry } from '../../state/sections.ts';
import { useApp, useAppState } from '../app-context.ts';
import { CheckField, Section } from '../Fields.tsx';
import { Tip } from '../Tip.tsx';
import { WindowedRows } from '../WindowedRows.tsx';
import './section-list.css';

const rowPx = 26;
const listHeightPx = 208;

/** The sections of a stack with their state and quality; nothing where the drop is one grid. */
export function SectionList() {
  const sections = useAppState((state) => state.sections);
  const flags = useMemo(() => sectionFlags(sections), [sections]);
  const { entries, offered, usesPrevious } = sections;
  const { jobs } = useApp();
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  if (offered)
    return (
      <p className="section-offer">
        <button
          type="button"
          disabled={isRunning}
          data-testid="accept-sections"
          onClick={() => void jobs.sections.acceptOffer()}
        >
          These are {offered.sections.length} sections of a stack
        </button>
      </p>
    );
  if (entries.length === 0) return null;
  const done = entries.filter(({ state }) => state === 'done').length;
  return (
    <Section title="Sections" summary={`${done} of ${entries.length} stitched`} open testId="section-list">
      <WindowedRows
        count={entries.length}
        rowHeight={rowPx}
        maxHeight={listHeightPx}
        label="Sections of the stack"
        testId="sections"
        renderRow={(index) => <SectionRow entry={entries[index]} flags={flags[index]} />}
      />
      <div className="row">
        <button
          type="button"
          disabled={isRunning}
          data-testid="stitch-sections"
          onClick={() => void jobs.sections.stitchAll()}
        >
          Stitch all sections
        </button>
        <Tip text="An OME-TIFF and a solution.json of every stitched section, into a folder">
          <button
            type="button"
            disabled={isRunning || done === 0}
            data-testid="export-sections"
            onClick={() => void jobs.exportSections({ format: 'ome-tiff' })}
          >
            Export all
          </button>
        </Tip>
        <CheckField
          label="Start from the section before"
          hint="Tiles begin where the last good section had them, instead of at the pitch of the grid"
          checked={usesPrevious}
          onChange={jobs.sections.setUsesPrevious}
        />
      </div>
    </Section>
  );
}

interface SectionRowProps {
  readonly entry: SectionEntry;
  readonly flags: readonly SectionFlag[];
}

function SectionRow({ entry, flags }: SectionRowProps) {
  const { jobs } = useApp();
  const isOpen = useAppState(({ sections }) => sections.current === entry.section.name);
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const { section, state, failure } = entry;
  const remark = failure || flags.map(({ sentence }) => sentence).join(' ');
  return (
    <div className="section-row" data-testid="section-row" data-section={section.name} data-section-state={state}>
      <span role="cell">
        <Tip text={remark || stateText[state]} side="right">
          <button
            type="button"
            className="section-name"
            aria-current={isOpen ? 'true' : undefined}
            disabled={isRunning}
            onClick={() => void jobs.sections.open(section.name)}
          >
            {section.name}
          </button>
        </Tip>
      </span>
      <span role="cell" className="section-quality number">
        {qualityText(entry)}
      </span>
      <span role="cell" className="section-state" aria-label={`${stateText[state]} ${remark}`}>
        <StateIcon state={state} isFlagged={flags.length > 0} />
      </span>
    </div>
  );
}

const stateText: Readonly<Record<SectionEntry['state'], string>> = {
  waiting: 'not stitched yet',
  running: 'being stitched',
  done: 'stitched',
  failed: 'failed',
};

function StateIcon({ state, isFlagged }: { readonly state: SectionEntry['state']; readonly isFlagged: boolean }) {
  if (state === 'failed') return <CircleAlert className="section-bad" aria-hidden="true" />;
  if (isFlagged) return <TriangleAlert className="section-odd" aria-hidden="true" data-testid="section-flag" />;
  if (state === 'done') return <CircleCheck className="section-good" aria-hidden="true" />;
  const Icon = state === 'running' ? LoaderCircle : CircleDashed;
  return <Icon aria-hidden="true" />;
}

/** `9/9 tiles, 0.81 px`; the number of tiles before there is more to tell. */
function qualityText({ section, record, state }: SectionEntry): string {
  if (!record || state !== 'done') return `${section.tiles.length} tiles`;
  const { solved, tiles, residualPx } = record.quality;
  return `${solved}/${tiles} tiles${residualPx === null ? '' : `, ${residualPx.toFixed(2)} px`}`;
}
