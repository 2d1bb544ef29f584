import { describe, expect, it } from 'vitest';
import { bentGraph } from '../testing/bent-graph.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { PoseGraph } from './pose-graph.ts';
import { buildLinkSystem } from './link-system.ts';
import { modelErrorOf } from './model-error.ts';
import { linkMotions, stagePoses } from './stage.ts';
import type { TransformModel } from '../matching/link.ts';

function errorOf({ nodes, links }: PoseGraph, model: TransformModel): number {
  const system = buildLinkSystem(nodes, links, model);
  const motions = linkMotions(system, stagePoses(system), model !== 'translation');
  return modelErrorOf(system, motions, new Uint8Array(links.length).fill(1));
}

const still = { linearSigma: 0, rotationSigmaRad: 0, lineStartPx: 0, smoothPx: 0 };

describe('modelErrorOf', () => {
  it('is that of the matches alone where the model says what the tiles are', () => {
    expect(errorOf(makeSyntheticGraph({ model: 'rigid' }).graph, 'rigid')).toBeLessThan(1e-6);
    expect(errorOf(makeSyntheticGraph({ model: 'affine' }).graph, 'affine')).toBeLessThan(1e-6);
    // 200 matches of 0.7 px: 0.07 px a link, twice that round four of them, and their turns.
    expect(errorOf(bentGraph(still, 6, 0, 1).graph, 'rigid')).toBeLessThan(0.6);
  });

  it('sees turns under a translation, shear under a rigid model and bending under all', () => {
    const turned = bentGraph({ ...still, rotationSigmaRad: 0.01 }, 6, 0, 1).graph;
    expect(errorOf(turned, 'translation')).toBeGreaterThan(10);
    expect(errorOf(turned, 'rigid')).toBeLessThan(0.6);
    const sheared = bentGraph({ ...still, linearSigma: 0.01 }, 6, 0, 1).graph;
    expect(errorOf(sheared, 'rigid')).toBeGreaterThan(10);
    expect(errorOf(sheared, 'affine')).toBeLessThan(1);
    expect(errorOf(bentGraph({ ...still, smoothPx: 6 }, 6, 0, 1).graph, 'affine')).toBeGreaterThan(5);
  });

  it('is not raised by three wrong links in ten beyond what matches miss by, five times', () => {
    for (let seed = 1; seed <= 10; seed++)
      expect(errorOf(bentGraph(still, 6, 0.3, seed).graph, 'rigid')).toBeLessThan(5.2);
    expect(errorOf(bentGraph(still, 30, 0.3, 1).graph, 'rigid')).toBeLessThan(0.6);
  });

  it('is nothing without links', () => {
    expect(errorOf({ ...bentGraph(still, 2, 0, 1).graph, links: [] }, 'affine')).toBe(0);
  });
});
