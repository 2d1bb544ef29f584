import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { transformModels } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { createAdjustment, factorise, linearise } from './adjustment.ts';
import { analysePattern } from './cholesky-pattern.ts';
import { inverseWithout } from './factor-update.ts';
import { buildLinkSystem } from './link-system.ts';
import { inverseDiagonal } from './selected-inverse.ts';
import { solveFactored } from './sparse-cholesky.ts';
import { stagePoses } from './stage.ts';

async function inverseOf(model: (typeof transformModels)[number], rows: number, columns: number) {
  const { graph } = makeSyntheticGraph({ model, rows, columns, matchSigmaPx: 0.5 });
  const system = buildLinkSystem(graph.nodes, graph.links, model);
  const { poses } = stagePoses(system);
  const x = Float64Array.from(system.nodes, (_, i) => poses[6 * i]);
  const y = Float64Array.from(system.nodes, (_, i) => poses[6 * i + 1]);
  const pattern = analysePattern(system.from, system.to, x, y);
  const prior = model === 'similarity' || model === 'affine' ? { information: 4e6, target: poses.slice() } : null;
  const adjustment = createAdjustment(model, system, pattern, [0], prior);
  const weights = Float64Array.from(system.links, (_, l) => 0.5 + (l % 3) / 2);
  const factorFor = async (used: Float64Array) => {
    linearise(adjustment, used, poses);
    return factorise(adjustment, silentContext);
  };
  return { adjustment, poses, weights, factorFor, k: adjustment.equations.k, n: system.nodes.length };
}

describe.each(transformModels)('the inverse of %s tiles without some links', (model) => {
  it.each([[[2]], [[0, 7]], [[1, 3, 8]]])('is that of the equations without them: %j', async (links) => {
    const { adjustment, poses, weights, factorFor, k, n } = await inverseOf(model, 3, 3);
    const whole = await factorFor(weights);
    const updated = inverseWithout(adjustment, whole, inverseDiagonal(whole), poses, weights, links);
    if (updated === null) throw new Error('singular');
    const fresh = await factorFor(weights.map((weight, l) => (links.includes(l) ? 0 : weight)));
    const random = seededRandom(4);
    const rhs = Float64Array.from({ length: n * k }, () => random() - 0.5);
    const [found, expected] = [rhs.slice(), rhs.slice()];
    updated.solve(found);
    solveFactored(fresh, expected);
    const scale = Math.max(...expected.map(Math.abs));
    found.forEach((value, s) => expect(Math.abs(value - expected[s])).toBeLessThan(1e-5 * scale));
    const blocks = inverseDiagonal(fresh);
    const most = Math.max(...blocks.map(Math.abs));
    updated.diagonal.forEach((value, s) => expect(Math.abs(value - blocks[s])).toBeLessThan(1e-5 * most));
  });
});

describe('the inverse without a link that carries a part of the mosaic', () => {
  it('is none', async () => {
    const { adjustment, poses, weights, factorFor } = await inverseOf('rigid', 1, 4);
    const whole = await factorFor(weights);
    expect(inverseWithout(adjustment, whole, inverseDiagonal(whole), poses, weights, [1])).toBeNull();
  });
});
