import { useMemo, useState, type ReactNode } from 'react';
import { Ban, ChevronDown, ChevronUp, Maximize2, Minimize2, RotateCcw, X } from 'lucide-react';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import { affineFromPose } from '../../../core/geometry/pose2.ts';
import type { EdgeReport, TileState } from '../../../core/graph/pose-graph.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import { pairKey } from '../../../core/tiles/tile.ts';
import type { StitchClient } from '../../../../workers/protocol.ts';
import type { EvidenceLook } from '../../state/view.ts';
import type { LinkState } from '../../viewer/link-state.ts';
import { linkState } from '../../viewer/link-state.ts';
import { tileName } from '../../viewer/tile-name.ts';
import { explainPair } from './explain-pair.ts';
import { MatchPane } from './MatchPane.tsx';
import { OverlapPane } from './OverlapPane.tsx';
import { pairNumbers } from './pair-numbers.ts';
import { PanZoomLink } from './pan-zoom-link.ts';
import { PointPane } from './PointPane.tsx';
import { ResidualPane } from './ResidualPane.tsx';
import { Segmented } from '../Segmented.tsx';
import { TrialPane, type TrialSetting } from './TrialPane.tsx';
import { usePairView } from './use-pair-view.ts';
import './pair-inspector.css';
import { Terms } from '../Terms.tsx';
import { Tip } from '../Tip.tsx';

/** One pair with all its evidence. */
export interface PairInspectorProps {
  readonly client: Pick<StitchClient, 'pairView' | 'correlationSurface' | 'tryPair'>;
  /** What trials of this pair start from. */
  readonly trials: TrialSetting;
  readonly result: PairResult;
  /** What the solve made of the link; null before it, and for rejected or excluded pairs. */
  readonly edge: EdgeReport | null;
  /** What the solved positions leave on the link, excluded or not, px; null for a rejected pair. */
  readonly leftPx: number | null;
  /** Landmarks that stand in for the matches; `leftPx` is of the matches all the same. */
  readonly landmarkCount?: number;
  readonly isExcluded: boolean;
  /** aFromB at the solved positions, `mosaicFromA⁻¹ · mosaicFromB`; null when one of them has no place. */
  readonly solvedAFromB: Affine2 | null;
  /** Inlier threshold of verification, px, for the sentence. */
  readonly ransacPx?: number | null;
  /** States of tiles a and b, for the sentence. */
  readonly tileStates?: readonly [TileState, TileState] | null;
  /** Place of the pair in worst-first order, from 0. */
  readonly rank?: { readonly index: number; readonly count: number } | null;
  readonly onToggleExclude: (pairKey: string) => void;
  readonly onClose: () => void;
  readonly look: EvidenceLook;
  readonly onLook: (look: EvidenceLook) => void;
  /** Where landmarks of the pair are set; null where one of its tiles has no place. */
  readonly landmarks: ReactNode;
  /** Over the whole window, for a look at pixels. */
  readonly isLarge: boolean;
  readonly onError: (error: unknown) => void;
  readonly onLarge: (isLarge: boolean) => void;
  /** The pair before and after in worst-first order; null disables the button. */
  readonly onPrevious?: (() => void) | null;
  readonly onNext?: (() => void) | null;
}

const looks: readonly { readonly value: EvidenceLook; readonly label: string; readonly title: string }[] = [
  { value: 'pictures', label: 'Pictures', title: 'Matches and overlap' },
  { value: 'residuals', label: 'Residuals', title: 'How far the matches are off, and which way' },
  { value: 'point', label: 'Point', title: 'Why it matched there: correlation about a place' },
  { value: 'matchers', label: 'Matchers', title: 'All matchers on this pair, with options of its own' },
  { value: 'landmarks', label: 'Landmarks', title: 'Correct the pair: the same places in both tiles, by hand' },
];

type Motion = 'solved' | 'measured' | 'stage';

const motionLabels: Readonly<Record<Motion, { readonly label: string; readonly title: string }>> = {
  solved: { label: 'Solution', title: 'Where all links together put the two tiles' },
  measured: { label: 'This pair', title: 'Where the matches of this pair alone put them' },
  stage: { label: 'Layout', title: 'Where the layout had them before matching' },
};

const stateLabels: Readonly<Record<LinkState, string>> = {
  link: 'Link',
  removed: 'Removed',
  rejected: 'Rejected',
  excluded: 'Excluded',
};

/** Why a seam is where it is: both crops with their matches, the overlap, the numbers, the verdict. */
export function PairInspector(props: PairInspectorProps) {
  const { client, result, edge, isExcluded, solvedAFromB, look } = props;
  const [wanted, setWanted] = useState<Motion>('solved');
  const motions = useMemo(() => motionsOf(result, solvedAFromB), [result, solvedAFromB]);
  const chosen = motions.find((motion) => motion.id === wanted) ?? motions[0];
  const picture = usePairView(client, result.pair, chosen.aFromB);
  const nameA = tileName(result.pair.a);
  const nameB = tileName(result.pair.b);
  const sentence = explainPair(result, edge, isExcluded, {
    ransacPx: props.ransacPx ?? null,
    tileStates: props.tileStates ?? null,
    leftPx: props.leftPx,
    landmarks: props.landmarkCount ?? 0,
  });
  const [link] = useState(() => new PanZoomLink());
  const [trial, setTrial] = useState<PairResult | null>(null);
  const evidence = trial ?? result;

  return (
    <section className="pair-inspector" aria-label={`Pair ${nameA} and ${nameB}`} data-testid="pair-inspector">
      <InspectorHead {...props} nameA={nameA} nameB={nameB} />
      <p className="pair-sentence" data-testid="pair-sentence">
        {sentence}
      </p>
      <PairNumbers
        result={result}
        edge={edge}
        leftPx={props.leftPx}
        ncc={picture.status === 'ready' ? picture.view.ncc : null}
      />
      <div className="pair-motion">
        <Segmented<EvidenceLook> label="Evidence" value={look} options={looks} onChange={props.onLook} />
        {look !== 'landmarks' && (
          <div className="pair-positions">
            <span>Positions</span>
            <Segmented<Motion>
              label="Positions that the pictures are drawn with"
              value={chosen.id}
              options={motions.map(({ id }) => ({ value: id, ...motionLabels[id] }))}
              onChange={setWanted}
            />
          </div>
        )}
        {trial !== null && <span className="pair-trial-mark">matches of a trial</span>}
      </div>
      {look === 'landmarks' ? (
        (props.landmarks ?? <p className="pair-message">A tile of this pair has no place yet: none can be set.</p>)
      ) : picture.status === 'ready' ? (
        <div
          className="pair-panes"
          data-tall={picture.view.overlapA.height > picture.view.overlapA.width}
          data-stale={picture.isStale}
          aria-busy={picture.isStale}
        >
          {look === 'pictures' && <MatchPane result={evidence} view={picture.view} aFromB={chosen.aFromB} />}
          {look === 'residuals' && (
            <ResidualPane result={evidence} view={picture.view} aFromB={chosen.aFromB} link={link} />
          )}
          {look === 'point' && (
            <PointPane
              client={client}
              result={evidence}
              view={picture.view}
              aFromB={chosen.aFromB}
              link={link}
              onError={props.onError}
            />
          )}
          {look === 'matchers' && (
            <TrialPane
              client={client}
              result={result}
              setting={props.trials}
              aFromB={chosen.aFromB}
              shown={trial}
              onShow={setTrial}
            />
          )}
          {look !== 'point' && look !== 'matchers' && (
            <OverlapPane view={picture.view} nameA={nameA} nameB={nameB} link={link} />
          )}
        </div>
      ) : (
        <div className="pair-panes" aria-busy={picture.status === 'loading'}>
          <p className="pair-message" role="status">
            {picture.status === 'loading' ? 'Reading the two tiles…' : `No picture: ${picture.message}`}
          </p>
        </div>
      )}
    </section>
  );
}

function InspectorHead(props: PairInspectorProps & { readonly nameA: string; readonly nameB: string }) {
  const { result, edge, isExcluded, rank, nameA, nameB } = props;
  const state = linkState(result, edge, isExcluded);
  return (
    <header className="pair-head">
      <h2>
        <span>{nameA}</span> <em aria-label="and">↔</em> <span>{nameB}</span>
      </h2>
      <span className="pair-state" data-state={state}>
        {stateLabels[state]}
      </span>
      <div className="pair-actions">
        {/* A rejected pair is not in the solve. */}
        {result.kind === 'link' && (
          <button
            type="button"
            className="pair-button"
            data-testid="toggle-exclude"
            onClick={() => props.onToggleExclude(pairKey(result.pair))}
          >
            {isExcluded ? <RotateCcw className="small" /> : <Ban className="small" />}
            {isExcluded ? 'Restore link' : 'Exclude link'}
          </button>
        )}
        <Tip text="Previous, worse pair" keys="p">
          <button
            type="button"
            className="pair-icon"
            aria-label="Previous, worse pair"
            disabled={!props.onPrevious}
            onClick={() => props.onPrevious?.()}
          >
            <ChevronUp />
          </button>
        </Tip>
        {rank && (
          <span className="pair-rank">
            <span className="visually-hidden">Place in the order worst first: </span>
            {rank.index + 1}/{rank.count}
          </span>
        )}
        <Tip text={rank ? `Next worst pair; 1/${rank.count} is the worst` : 'Next worst pair'} keys="n">
          <button
            type="button"
            className="pair-icon"
            aria-label="Next worst pair"
            disabled={!props.onNext}
            onClick={() => props.onNext?.()}
          >
            <ChevronDown />
          </button>
        </Tip>
        <Tip text={props.isLarge ? 'Back beside the mosaic' : 'Over the whole window'} keys="E">
          <button
            type="button"
            className="pair-icon"
            aria-label={props.isLarge ? 'Back beside the mosaic' : 'Over the whole window'}
            aria-pressed={props.isLarge}
            data-testid="inspector-large"
            onClick={() => props.onLarge(!props.isLarge)}
          >
            {props.isLarge ? <Minimize2 /> : <Maximize2 />}
          </button>
        </Tip>
        <Tip text="Close" keys="Esc">
          <button type="button" className="pair-icon" aria-label="Close" onClick={props.onClose}>
            <X />
          </button>
        </Tip>
      </div>
    </header>
  );
}

function PairNumbers({
  result,
  edge,
  leftPx,
  ncc,
}: {
  readonly result: PairResult;
  readonly edge: EdgeReport | null;
  readonly leftPx: number | null;
  readonly ncc: number | null;
}) {
  const numbers = pairNumbers(result, edge, leftPx, ncc);
  return (
    <div className="pair-numbers">
      <dl>
        {numbers.map(({ id, label, value }) => (
          <div key={id} data-number={id}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Terms name="What the numbers of a pair mean" terms={numbers.map(({ label, title }) => [label, title])} />
    </div>
  );
}

function motionsOf(
  result: PairResult,
  solved: Affine2 | null,
): readonly [
  { readonly id: Motion; readonly aFromB: Affine2 },
  ...{ readonly id: Motion; readonly aFromB: Affine2 }[],
] {
  const stage = { id: 'stage', aFromB: affineFromPose(result.pair.aFromB) } as const;
  const measured = result.kind === 'link' ? [{ id: 'measured', aFromB: result.aFromB } as const] : [];
  if (solved !== null) return [{ id: 'solved', aFromB: solved }, ...measured, stage];
  return measured.length > 0 ? [measured[0], stage] : [stage];
}
