import { stretchesOf } from './geometry/affine2.ts';
import type { SolveReport } from './graph/pose-graph.ts';
import type { PairResult } from './matching/link.ts';
import { countText } from './count-text.ts';

/** A tile stretched or shrunk by more than this is worth a word. */
const notableStretch = 0.02;

/** What the user must know of a solution before trusting it, in whole sentences. */
export function warningsOf(pairs: readonly PairResult[], report: SolveReport): readonly string[] {
  return [...pairWarnings(pairs), ...tileWarnings(report), ...linkWarnings(report)];
}

function pairWarnings(pairs: readonly PairResult[]): readonly string[] {
  const unread = pairs.filter((pair) => pair.kind === 'rejected' && pair.reason === 'read-failed').length;
  const warnings =
    unread > 0 ? [`${countText(unread, 'pair')} could not be read; the link table names the files.`] : [];
  if (pairs.length > 0 && pairs.every((pair) => pair.kind === 'rejected'))
    warnings.push(
      'No two tiles could be linked, so the picture shows the layout alone. Check the layout and the overlap, or try another matcher.',
    );
  if (pairs.length === 0)
    warnings.push('The layout says that no two tiles overlap. Raise the overlap, or correct the layout.');
  return warnings;
}

function tileWarnings({ state, components, mosaicFromTile }: SolveReport): readonly string[] {
  const warnings: string[] = [];
  const states = [...state.values()];
  const byPrior = states.filter((each) => each === 'prior').length;
  if (byPrior > 0 && byPrior < states.length)
    warnings.push(
      `${countText(byPrior, 'tile')} found no neighbour to hold on to and ${byPrior === 1 ? 'stands' : 'stand'} where the layout puts ${byPrior === 1 ? 'it' : 'them'}.`,
    );
  const unplaced = states.filter((each) => each === 'unplaced').length;
  if (unplaced > 0)
    warnings.push(
      `${countText(unplaced, 'tile')} could not be placed and ${unplaced === 1 ? 'is' : 'are'} left out of the mosaic.`,
    );
  const islands = components.filter((component) => component.length > 1).length;
  if (islands > 1) warnings.push(`The links form ${islands} separate groups; the layout holds the groups together.`);
  const worst = Math.max(
    0,
    ...[...mosaicFromTile.values()].map((t) => Math.max(...stretchesOf(t).map((s) => Math.abs(s - 1)))),
  );
  if (worst > notableStretch)
    warnings.push(
      `Tiles are stretched by up to ${(100 * worst).toFixed(1)} % to make their edges meet: scan lines that start slowly look like stretch. For measurements of length use the rigid transform.`,
    );
  return warnings;
}

function linkWarnings({ edges }: SolveReport): readonly string[] {
  const removed = edges.filter((edge) => edge.removed).length;
  return removed > 0
    ? [
        `${countText(removed, 'link')} contradicted the others and ${removed === 1 ? 'was' : 'were'} left out of the solution.`,
      ]
    : [];
}
