import { rotationOf, stretchesOf } from '../../../core/geometry/affine2.ts';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import { wrapAngle } from '../../../core/geometry/pose2.ts';
import type { EdgeReport } from '../../../core/graph/pose-graph.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import { stageShift } from '../links/link-row.ts';

/** A labelled value of the inspector; `title` explains it. */
export interface PairNumber {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly title: string;
}

/** The numbers of a pair, in reading order; a rejected pair has only those that it has. */
export function pairNumbers(
  result: PairResult,
  edge: EdgeReport | null,
  leftPx: number | null,
  ncc: number | null,
): readonly PairNumber[] {
  const matches = result.correspondences.confidence.length;
  const numbers: PairNumber[] = [
    { id: 'matches', label: 'Matches', value: count(matches), title: 'Above the matcher’s least confidence' },
  ];
  if (result.kind === 'link') {
    const share = matches === 0 ? '' : ` (${Math.round((100 * result.inliers) / matches)} %)`;
    numbers.push(
      { id: 'inliers', label: 'Inliers', value: count(result.inliers) + share, title: 'Agree on one motion' },
      { id: 'confidence', label: 'Confidence', value: fixed(result.confidence, 2), title: 'Mean of the inliers, 0…1' },
      {
        id: 'residual-before',
        label: 'Residual before',
        value: `${fixed(result.rmsPx, 2)} px`,
        title: 'Root mean square of this pair’s own fit',
      },
      {
        id: 'residual-after',
        label: 'Residual after',
        value: leftPx === null ? '–' : `${fixed(leftPx, 2)} px`,
        title: 'Root mean square at the solved positions of the two tiles',
      },
    );
    numbers.push(...motionNumbers(result.aFromB, result.pair.aFromB.thetaRad));
    const shift = stageShift(result);
    numbers.push({
      id: 'shift',
      label: 'Against the layout',
      value: `${fixed(Math.hypot(shift.x, shift.y), 1)} px (${signed(shift.x, 1)}, ${signed(shift.y, 1)})`,
      title: 'Measured minus expected place of the overlap: length (x, y)',
    });
    if (edge !== null && edge.manual !== true)
      numbers.push({
        id: 'weight',
        label: 'Weight',
        value: `${Math.round(edge.weight * 100)} %`,
        title: 'What the robust loss left of the link’s say in the solve',
      });
  }
  if (ncc !== null)
    numbers.push({
      id: 'ncc',
      label: 'Correlation',
      value: fixed(ncc, 2),
      title: 'Normalised cross-correlation of the overlap as drawn, −1…1',
    });
  return numbers;
}

function motionNumbers(aFromB: Affine2, stageRad: number): readonly PairNumber[] {
  const degrees = (wrapAngle(rotationOf(aFromB) - stageRad) * 180) / Math.PI;
  const [long, short] = stretchesOf(aFromB);
  return [
    { id: 'rotation', label: 'Rotation', value: `${signed(degrees, 2)}°`, title: 'Of b in a, against the layout' },
    {
      id: 'stretch',
      label: 'Stretch',
      value: `${signed((long - 1) * 100, 2)} / ${signed((short - 1) * 100, 2)} %`,
      title: 'Of b into a, along its longest and shortest direction',
    },
  ];
}

function count(value: number): string {
  return value.toLocaleString('en-GB');
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits).replace(/^-(?=[\d.])/, '−') : '–';
}

/** With its sign, and no sign for what rounds to zero. */
function signed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}
