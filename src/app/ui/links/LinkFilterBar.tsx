import { Item, Root } from '@radix-ui/react-toggle-group';
import { SlidersHorizontal } from 'lucide-react';
import { useId, useState } from 'react';
import type { RejectionReason } from '../../../core/matching/link.ts';
import { linkStates, type LinkState } from '../../viewer/link-state.ts';
import { reasonLabels, type LinkFilter, type LinkRow } from './link-row.ts';
import { Slider } from '../Slider.tsx';
import { Tip } from '../Tip.tsx';

/** Words for the states. */
export const stateLabels: Readonly<Record<LinkState, string>> = {
  link: 'link',
  removed: 'removed',
  rejected: 'rejected',
  excluded: 'excluded',
};

interface LinkFilterBarProps {
  readonly rows: readonly LinkRow[];
  readonly shown: readonly LinkRow[];
  readonly filter: LinkFilter;
  readonly onFilter: (change: Partial<LinkFilter>) => void;
  readonly onExcludeShown: (() => void) | null;
}

/** Names, states and, unfolded, limits that leave the suspicious pairs. */
export function LinkFilterBar({ rows, shown, filter, onFilter, onExcludeShown }: LinkFilterBarProps) {
  const [hasLimits, setHasLimits] = useState(false);
  const { states } = filter;
  const countOf = (state: LinkState): number => rows.filter((row) => row.state === state).length;
  // A state that no pair has is no question, unless its filter is off and must be found again.
  const isOffered = (state: LinkState): boolean => countOf(state) > 0 || !states.has(state);
  return (
    <div className="link-table-filter">
      <input
        type="search"
        value={filter.text}
        placeholder="Filter by name"
        aria-label="Filter pairs by name"
        onChange={(event) => onFilter({ text: event.target.value })}
      />
      <Root
        type="multiple"
        className="link-table-states"
        aria-label="Filter by state"
        value={[...states]}
        onValueChange={(next) => onFilter({ states: new Set(linkStates.filter((state) => next.includes(state))) })}
      >
        {linkStates.filter(isOffered).map((state) => (
          <Item key={state} value={state} data-link-state={state}>
            {stateLabels[state]} <b>{countOf(state)}</b>
          </Item>
        ))}
      </Root>
      <Tip text="Filter by residual, confidence, matches and reason">
        <button
          type="button"
          className="link-table-more"
          aria-expanded={hasLimits}
          aria-label="Limits"
          data-testid="link-limits"
          data-active={hasLimit(filter)}
          onClick={() => setHasLimits(!hasLimits)}
        >
          <SlidersHorizontal className="small" />
        </button>
      </Tip>
      <span className="link-table-count" aria-live="polite" data-testid="link-count">
        {shown.length === rows.length ? `${rows.length} pairs` : `${shown.length} of ${rows.length}`}
      </span>
      {hasLimits && <Limits rows={rows} filter={filter} onFilter={onFilter} onExcludeShown={onExcludeShown} />}
    </div>
  );
}

function hasLimit({ minResidualPx, maxConfidence, maxMatches, reason }: LinkFilter): boolean {
  return [minResidualPx, maxConfidence, maxMatches, reason].some((limit) => limit !== null && limit !== undefined);
}

const noLimits = { minResidualPx: null, maxConfidence: null, maxMatches: null, reason: null } as const;

/** Sliders whose loose end is no limit, the reason, and what to do with what is left. */
function Limits({ rows, filter, onFilter, onExcludeShown }: Omit<LinkFilterBarProps, 'shown'>) {
  const mostPx = Math.ceil(Math.max(1, ...rows.map((row) => row.residualPx ?? 0)));
  const mostMatches = Math.max(1, ...rows.map((row) => row.matches));
  const reasons = [...new Set(rows.flatMap((row) => row.reason ?? []))];
  return (
    <div className="link-table-limits">
      <Limit
        label="Residual ≥"
        text={filter.minResidualPx ? `${filter.minResidualPx.toFixed(1)} px` : 'any'}
        max={mostPx}
        step={mostPx / 100}
        value={filter.minResidualPx ?? 0}
        onChange={(px) => onFilter({ minResidualPx: px > 0 ? px : null })}
      />
      <Limit
        label="Confidence ≤"
        text={filter.maxConfidence?.toFixed(2) ?? 'any'}
        max={1}
        step={0.01}
        value={filter.maxConfidence ?? 1}
        onChange={(most) => onFilter({ maxConfidence: most < 1 ? most : null })}
      />
      <Limit
        label="Matches ≤"
        text={filter.maxMatches?.toString() ?? 'any'}
        max={mostMatches}
        step={1}
        value={filter.maxMatches ?? mostMatches}
        onChange={(most) => onFilter({ maxMatches: most < mostMatches ? most : null })}
      />
      {reasons.length > 0 && (
        <label className="link-table-limit">
          <span>Reason</span>
          <select
            value={filter.reason ?? ''}
            onChange={(event) => onFilter({ reason: reasons.find((one) => one === event.target.value) ?? null })}
          >
            <option value="">any</option>
            {reasons.map((reason: RejectionReason) => (
              <option key={reason} value={reason}>
                {reasonLabels[reason]}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="link-table-limit-actions">
        <button type="button" disabled={!hasLimit(filter)} onClick={() => onFilter(noLimits)}>
          No limits
        </button>
        {onExcludeShown && (
          <Tip text="Excludes every link that passes the limits, as one step that can be undone">
            <button type="button" disabled={!hasLimit(filter)} onClick={onExcludeShown}>
              Exclude the links shown
            </button>
          </Tip>
        )}
      </div>
    </div>
  );
}

interface LimitProps {
  readonly label: string;
  readonly text: string;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

function Limit({ label, ...slider }: LimitProps) {
  const id = useId();
  return (
    <div className="link-table-limit">
      <span id={id}>{label}</span>
      <Slider min={0} {...slider} labelledBy={id} />
      <output>{slider.text}</output>
    </div>
  );
}
