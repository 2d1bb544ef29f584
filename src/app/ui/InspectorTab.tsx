import { useMemo } from 'react';
import { embeddedModel } from '../../../workers/client.ts';
import { composeAffine, invertAffine, type Affine2 } from '../../core/geometry/affine2.ts';
import type { TileState } from '../../core/graph/pose-graph.ts';
import { pairKey, type TileId, type TilePair } from '../../core/tiles/tile.ts';
import type { StitchRun } from '../state/result.ts';
import { updateSlice } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import { linkRows, neighbourByWorst, sortRows } from './links/link-row.ts';
import { LandmarkPane } from './edits/LandmarkPane.tsx';
import { PairInspector } from './pair-inspector/PairInspector.tsx';

/** The evidence of the selected pair. */
export function InspectorTab({ run }: { readonly run: StitchRun }) {
  const { client, store, jobs } = useApp();
  const selected = useAppState(({ view }) => view.selectedPair);
  const isLarge = useAppState(({ view }) => view.isInspectorLarge);
  const evidence = useAppState(({ view }) => view.evidence);
  const trials = useMemo(
    () => ({ options: run.options.pair, model: run.ownModel ?? embeddedModel() }),
    [run.options.pair, run.ownModel],
  );
  const { pairs, report } = run.outcome;
  const { excluded, corrections } = run;
  const rows = useMemo(
    () => sortRows(linkRows({ results: pairs, ...report, excluded, corrections }), { by: 'worst', descending: false }),
    [pairs, report, excluded, corrections],
  );
  const result = pairs.find(({ pair }) => pairKey(pair) === selected);
  const solved = useMemo(() => (result ? solvedMotion(result.pair, report.mosaicFromTile) : null), [result, report]);
  const states = useMemo(() => (result ? statesOf(result.pair, report.state) : null), [result, report]);
  if (!result || selected === null)
    return <p className="hint dim">Click a line or a dot on the mosaic, or press Enter on a link of the table.</p>;

  const index = rows.findIndex((row) => row.pairKey === selected);
  const show = (pair: string | null) => updateSlice(store, 'view', (view) => ({ ...view, selectedPair: pair }));
  const stepTo = (step: 1 | -1) => {
    const next = neighbourByWorst(rows, selected, step);
    return next === null || next === selected ? null : () => show(next);
  };
  return (
    <PairInspector
      key={`evidence ${selected}`}
      client={client}
      trials={trials}
      isLarge={isLarge}
      onLarge={(large) => updateSlice(store, 'view', (view) => ({ ...view, isInspectorLarge: large }))}
      onError={jobs.report}
      look={evidence}
      landmarks={solved && <LandmarkPane key={selected} pair={result.pair} aFromB={solved} />}
      onLook={(next) => updateSlice(store, 'view', (view) => ({ ...view, evidence: next }))}
      result={result}
      edge={report.edges.find((edge) => edge.pairKey === selected) ?? null}
      leftPx={index < 0 ? null : (rows[index].replacedPx ?? rows[index].residualPx)}
      landmarkCount={index < 0 ? 0 : rows[index].landmarks}
      isExcluded={excluded.has(selected)}
      solvedAFromB={solved}
      ransacPx={run.options.pair.ransacPx}
      tileStates={states}
      rank={{ index, count: rows.length }}
      onToggleExclude={(pair) => jobs.setExcluded(pair, !store.getState().project.edits.excluded.has(pair))}
      onClose={() => updateSlice(store, 'view', (view) => ({ ...view, selectedPair: null, tab: 'links' }))}
      onPrevious={stepTo(-1)}
      onNext={stepTo(1)}
    />
  );
}

/** aFromB = mosaicFromA⁻¹ · mosaicFromB; null when one of the two has no place. */
function solvedMotion(pair: TilePair, mosaicFromTile: ReadonlyMap<TileId, Affine2>): Affine2 | null {
  const mosaicFromA = mosaicFromTile.get(pair.a);
  const mosaicFromB = mosaicFromTile.get(pair.b);
  return mosaicFromA && mosaicFromB ? composeAffine(invertAffine(mosaicFromA), mosaicFromB) : null;
}

function statesOf(pair: TilePair, state: ReadonlyMap<TileId, TileState>): readonly [TileState, TileState] {
  return [state.get(pair.a) ?? 'unplaced', state.get(pair.b) ?? 'unplaced'];
}
