import { describe, expect, it } from 'vitest';
import { composeAffine, invertAffine, stretchesOf } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import { cornerErrors } from '../evaluation/corner-errors.ts';
import { defaultSyntheticGraph, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { TileId } from '../tiles/tile.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import { solvePoseGraph } from './solve.ts';

const { width, height } = defaultSyntheticGraph;
const stiff = { ...defaultSyntheticGraph, rows: 6, columns: 6, linearSigma: 0 };

describe.each(['similarity', 'affine'] as const)('stiff tiles under a %s solve', (model) => {
  it('keep their size when they are turned against each other', async () => {
    // The mean of rotations by ±5° is shorter than a rotation by 0.3 %: to make it one would blow the mosaic up.
    const { graph } = makeSyntheticGraph({ ...stiff, model, rotationSigmaRad: 0.08, stageSigmaPx: 2 });
    const { mosaicFromTile } = await solvePoseGraph(graph, { ...defaultSolveOptions, model }, silentContext);
    const stretches = [...mosaicFromTile.values()].flatMap((pose) => [...stretchesOf(pose)]);
    expect(Math.max(...stretches.map((stretch) => Math.abs(stretch - 1)))).toBeLessThan(1e-6);
  });
});

it('takes tiles for stiff that show no stretch beyond the noise of their matches', async () => {
  const { graph, truth } = makeSyntheticGraph({ ...stiff, model: 'affine', matchSigmaPx: 0.3, matches: 20, seed: 3 });
  const options = { ...defaultSolveOptions, model: 'affine' as const };
  const { mosaicFromTile } = await solvePoseGraph(graph, options, silentContext);
  const relative = (poses: ReadonlyMap<TileId, Affine2>, a: TileId, b: TileId) => {
    const [poseA, poseB] = [poses.get(a), poses.get(b)];
    if (!poseA || !poseB) throw new RangeError(`no pose of ${a} or ${b}`);
    return composeAffine(invertAffine(poseA), poseB);
  };
  const errors = graph.links.map(
    ({ pair: { a, b } }) => cornerErrors(relative(mosaicFromTile, a, b), relative(truth, a, b), { width, height }).mean,
  );
  // 0.16 px; with a prior of 5 % on every tile it was 1.02 px.
  expect(errors.sort((p, q) => p - q)[errors.length >> 1]).toBeLessThan(0.3);
});
