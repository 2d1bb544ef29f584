import { pairKey } from '../../../core/tiles/tile.ts';
import { updateSlice, type AppState } from '../../state/store.ts';
import { compareModes, type CompareMode, type EvidenceLook, type ViewState } from '../../state/view.ts';
import { linkRows, neighbourByWorst } from '../links/link-row.ts';
import type { Command, CommandContext } from './command.ts';

const isRun = ({ result }: AppState): boolean => result.run !== null;
const isInspecting = ({ result, view }: AppState): boolean =>
  result.run !== null && view.tab === 'inspector' && view.selectedPair !== null;

/** Whether the chosen pair is one that can be taken out of the solve. */
function isLinkChosen({ result, view }: AppState): boolean {
  return (
    result.run?.outcome.pairs.some(({ kind, pair }) => kind === 'link' && pairKey(pair) === view.selectedPair) ?? false
  );
}

function look({ store }: CommandContext, change: (view: ViewState) => Partial<ViewState>): void {
  updateSlice(store, 'view', (view) => ({ ...view, ...change(view) }));
}

/** To the next (1) or the one before (-1) in the order worst first; the inspector stays open where it is. */
function stepToWorst(context: CommandContext, by: 1 | -1): void {
  const { run } = context.store.getState().result;
  if (!run) return;
  const { pairs, report } = run.outcome;
  const rows = linkRows({ results: pairs, ...report, excluded: run.excluded });
  const next = neighbourByWorst(rows, context.store.getState().view.selectedPair, by);
  if (next === null) return;
  look(context, ({ tab }) => ({ selectedPair: next, tab: tab === 'inspector' ? tab : 'links' }));
}

/** Blinks, stops where it is, then flips by hand. */
function blink(context: CommandContext): void {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  look(context, ({ compare, blink: { isRunning, flips } }) => {
    if (compare !== 'blink') return { compare: 'blink', evidence: 'pictures' };
    return { blink: isRunning && !isStill ? { isRunning: false, flips } : { isRunning, flips: flips + 1 } };
  });
}

const compareTitles: Readonly<Record<CompareMode, string>> = {
  blink: 'Compare: blink',
  swipe: 'Compare: swipe with a handle',
  checker: 'Compare: checkerboard',
  sides: 'Compare: side by side',
  difference: 'Compare: difference',
  colours: 'Compare: two colours',
};

const evidenceTitles: Readonly<Record<EvidenceLook, string>> = {
  pictures: 'Matches and overlap of the pair',
  residuals: 'Residuals of the pair',
  point: 'Why a point matched there',
  matchers: 'All matchers on this pair',
  landmarks: 'Landmarks of the pair',
};

function comparing(mode: CompareMode, place: number): Command {
  return {
    id: `compare-${mode}`,
    title: compareTitles[mode],
    group: 'Inspector',
    keys: [String(place + 1)],
    isPossible: isInspecting,
    // Point and matchers show no overlap to compare.
    run: (context) =>
      look(context, ({ evidence }) => ({
        compare: mode,
        evidence: evidence === 'residuals' ? evidence : 'pictures',
      })),
  };
}

function showing(evidence: EvidenceLook, ...keys: readonly string[]): Command {
  return {
    id: `evidence-${evidence}`,
    title: evidenceTitles[evidence],
    group: 'Inspector',
    keys,
    isPossible: isInspecting,
    run: (context) => look(context, () => ({ evidence })),
  };
}

/** Links and the pair that is looked at. */
export const pairCommands: readonly Command[] = [
  {
    id: 'next-worst',
    title: 'Next worst link',
    group: 'Links',
    keys: ['N'],
    isPossible: isRun,
    run: (context) => stepToWorst(context, 1),
  },
  {
    id: 'previous-worst',
    title: 'Previous, worse link',
    group: 'Links',
    keys: ['Shift+N', 'P'],
    isPossible: isRun,
    run: (context) => stepToWorst(context, -1),
  },
  {
    id: 'exclude',
    title: 'Exclude or restore the chosen link',
    group: 'Links',
    keys: ['X'],
    isPossible: isLinkChosen,
    run: ({ store, jobs }) => {
      const { view, project } = store.getState();
      if (view.selectedPair !== null)
        jobs.setExcluded(view.selectedPair, !project.edits.excluded.has(view.selectedPair));
    },
  },
  {
    id: 'inspect',
    title: 'Inspect the chosen pair',
    group: 'Links',
    keys: [],
    isPossible: ({ result, view }) => result.run !== null && view.selectedPair !== null,
    run: (context) => look(context, () => ({ tab: 'inspector' })),
  },
  ...compareModes.map(comparing),
  { id: 'blink', title: 'Blink; stop; flip', group: 'Inspector', keys: ['B'], isPossible: isInspecting, run: blink },
  ...(['pictures', 'residuals', 'point', 'matchers'] as const).map((evidence) => showing(evidence)),
  showing('landmarks', '7'),
  {
    id: 'inspector-large',
    title: 'Inspector over the whole window, or beside the mosaic',
    group: 'Inspector',
    keys: ['E'],
    isPossible: isInspecting,
    run: (context) => look(context, ({ isInspectorLarge }) => ({ isInspectorLarge: !isInspectorLarge })),
  },
  {
    id: 'inspector-back',
    title: 'Back from the inspector',
    group: 'Inspector',
    keys: ['Esc'],
    isPossible: isInspecting,
    run: (context) =>
      look(context, ({ isInspectorLarge }) =>
        isInspectorLarge ? { isInspectorLarge: false } : { selectedPair: null, tab: 'links' },
      ),
  },
];
