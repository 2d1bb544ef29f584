import { noEdits } from '../../core/graph/graph-edits.ts';
import type { PoseGraph, SolveOptions, SolveReport } from '../../core/graph/pose-graph.ts';
import type { Link, PairResult } from '../../core/matching/link.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import type { Layout, Tile } from '../../core/tiles/tile.ts';
import type { StitchClient } from '../../../workers/protocol.ts';
import type { JobContext } from './foreground.ts';

/** What a graph was made from, compared by identity: equal subjects have equal nodes and links. */
export interface GraphSubject {
  readonly pairs: readonly PairResult[];
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
}

/** Solves graphs on the solver's thread, which keeps the last one open: another edit of it sends the edits alone. */
export interface WarmSolver {
  /** `subject` is null for a graph whose origin is not known yet: see `adopt`. */
  readonly solve: (
    subject: GraphSubject | null,
    graph: PoseGraph,
    options: SolveOptions,
    context: JobContext,
  ) => Promise<SolveReport>;
  /** Says what the graph that was solved last without a subject was made from. */
  readonly adopt: (subject: GraphSubject) => void;
}

export function warmSolver(client: Pick<StitchClient, 'solveForEdits' | 'resolveEdits'>): WarmSolver {
  let open: { readonly subject: GraphSubject | null; readonly options: string } | null = null;
  /** The last answer: an edit that says nothing to the solver (a mask, an order) gets it again. */
  let last: { readonly edits: string; readonly report: SolveReport } | null = null;

  return {
    async solve(subject, graph, options, { signal, onProgress }) {
      const asked = JSON.stringify(options);
      if (subject && open?.subject && open.options === asked && isSameSubject(open.subject, subject)) {
        const edits = editsText(graph);
        if (last?.edits === edits) return last.report;
        const report = await client.resolveEdits(graph.edits ?? noEdits, signal, onProgress);
        if (report) {
          last = { edits, report };
          return report;
        }
      }
      open = null;
      last = null;
      const report = await client.solveForEdits(lightGraph(graph), options, signal, onProgress);
      open = { subject, options: asked };
      last = { edits: editsText(graph), report };
      return report;
    },
    adopt(subject) {
      if (open) open = { ...open, subject };
    },
  };
}

/** The graph without the matches of its links: the solver needs their moments only, and they are most of the bytes. */
export function lightGraph(graph: PoseGraph): PoseGraph {
  return { ...graph, links: lightLinks(graph.links) };
}

const noMask = new Uint8Array(0);

/** Links without their matches. */
export function lightLinks(links: readonly Link[]): readonly Link[] {
  return links.map((link) => ({ ...link, correspondences: noCorrespondences, inlierMask: noMask }));
}

/** What the solver is told besides the graph, as a text to compare. */
function editsText({ edits = noEdits }: PoseGraph): string {
  return JSON.stringify([[...edits.excludedLinks], edits.pins, edits.manualLinks]);
}

function isSameSubject(p: GraphSubject, q: GraphSubject): boolean {
  return p.pairs === q.pairs && p.tiles === q.tiles && p.layout === q.layout;
}
