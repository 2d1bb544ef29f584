import type { StitchRun } from '../state/result.ts';

export function InspectorTab({ run }: { readonly run: StitchRun }) {
  return <p>{run.outcome.pairs.length}</p>;
}
