import { describe, expect, it } from 'vitest';
import { transformModels } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { cornerErrors, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import { solvePoseGraph } from './solve.ts';

const size = { width: 1000, height: 800 };

describe.each(transformModels)('solvePoseGraph with %s tiles', (model) => {
  it('recovers a noise-free grid from a stage that is 10 px off', async () => {
    const { graph, truth } = makeSyntheticGraph({ model });
    const report = await solvePoseGraph(graph, { ...defaultSolveOptions, model }, silentContext);
    expect(report.components.length).toBe(1);
    expect([...report.state.values()].every((state) => state === 'solved')).toBe(true);
    // Up to the gauge, which for each model is its own group of motions.
    const errors = cornerErrors(report.mosaicFromTile, truth, report.components[0], size, model);
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });
});
