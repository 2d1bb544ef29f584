import { isGridRight, type DeviceTest } from '../../core/evaluation/device-test.ts';
import type { MatcherStatus } from '../../../workers/protocol.ts';
import { placeText } from './rung-text.ts';

/** The verdict of a check in one sentence, with the numbers that it rests on. */
export function verdictText(report: DeviceTest, matcher: MatcherStatus): string {
  const { tiles, pairs, worstPx, matchMs } = report;
  if (!isGridRight(report)) return `The grid did not come out right on this computer: ${faultsOf(report).join('; ')}.`;
  const place = placeText(matcher);
  return `This computer stitches right: the worst of ${tiles} tiles is ${pxText(worstPx)} off; ${pairs} pairs, ${secondsText(matchMs)} a pair on ${place}.`;
}

/** What is wrong with a grid that is not right, one clause each. */
function faultsOf({ tiles, solvedTiles, pairs, rightLinks, falseLinks, worstPx }: DeviceTest): readonly string[] {
  const faults = [
    Number.isFinite(worstPx) ? `the worst of ${tiles} tiles is ${pxText(worstPx)} off` : 'not every tile has a place',
  ];
  if (solvedTiles < tiles) faults.push(`${tiles - solvedTiles} of ${tiles} tiles hang on no link`);
  if (rightLinks < pairs) faults.push(`${pairs - rightLinks} of ${pairs} pairs have no right link`);
  if (falseLinks > 0) faults.push(`${falseLinks} link${falseLinks === 1 ? ' is' : 's are'} false`);
  return faults;
}

/** A length with the digits that count. */
export function pxText(px: number): string {
  if (!Number.isFinite(px)) return 'beyond measure';
  return `${px < 9.995 ? px.toFixed(2) : px.toFixed(0)} px`;
}

/** A time in seconds, in milliseconds where seconds would say nothing. */
export function secondsText(ms: number): string {
  return ms < 99.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 995 ? 2 : 1)} s`;
}
