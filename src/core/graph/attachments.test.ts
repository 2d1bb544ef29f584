import { describe, expect, it } from 'vitest';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { reviewAttachments } from './attachments.ts';
import type { Attachments } from './link-odds.ts';
import { buildLinkSystem, poseStride } from './link-system.ts';
import { linkMotions, stagePoses } from './stage.ts';

type Error = readonly [number, number];

/** Places of tiles 100 px apart, row by row, and the edges between neighbours. */
function gridEdges(rows: number, columns: number): (readonly [number, number])[] {
  const edges: (readonly [number, number])[] = [];
  for (let k = 0; k < rows * columns; k++) {
    if ((k + 1) % columns !== 0) edges.push([k, k + 1]);
    if (k + columns < rows * columns) edges.push([k, k + columns]);
  }
  return edges;
}

interface Scene {
  readonly rows: number;
  readonly columns: number;
  /** By how much the tile `to` would have to move, by the edge `from-to`. */
  readonly errors?: Readonly<Record<string, Error>>;
  /** Edges that are refused. */
  readonly refused?: readonly string[];
  /** Tiles that lie off their place. */
  readonly moved?: Readonly<Record<number, Error>>;
  readonly unknown?: readonly number[];
  readonly near?: readonly number[];
}

/** A grid whose stage is exact; its links too, but for `errors`. */
function sceneOf({ rows, columns, errors = {}, refused = [], moved = {}, unknown = [], near }: Scene) {
  const edges = gridEdges(rows, columns);
  const count = rows * columns;
  const places = Array.from({ length: count }, (_, k) =>
    rigidAt(100 * (k % columns), 100 * Math.floor(k / columns), 0),
  );
  const graph = pointGraph(places, edges);
  const names = edges.map(([i, j]) => `${i}-${j}`);
  const links = graph.links.map((link, l) => {
    const [x, y] = errors[names[l]] ?? [0, 0];
    const [px, py] = link.moments.meanA;
    return { ...link, moments: { ...link.moments, meanA: [px + x, py + y] as const } };
  });
  const system = buildLinkSystem(graph.nodes, links, 'rigid');
  const stage = stagePoses(system);
  const poses = stage.poses.slice();
  for (const [k, [x, y]] of Object.entries(moved)) {
    poses[poseStride * Number(k)] += x;
    poses[poseStride * Number(k) + 1] += y;
  }
  const accepted = Uint8Array.from(names, (name) => (refused.includes(name) ? 0 : 1));
  const attachments: Attachments = {
    system,
    motions: linkMotions(system, stage, true),
    active: new Uint8Array(edges.length).fill(1),
    accepted,
    poses,
    stage: stage.poses,
    stageKnown: Uint8Array.from({ length: count }, (_, k) => (unknown.includes(k) ? 0 : 1)),
    tolerancePx: 2,
    shortLoopPx: 2,
    near: near === undefined ? null : Uint8Array.from({ length: count }, (_, k) => (near.includes(k) ? 1 : 0)),
  };
  const isChanged = () => reviewAttachments(attachments);
  /** Tiles off their place by more than a thousandth of a px, and what is refused. */
  const state = () => ({
    off: Array.from({ length: count }, (_, k) => k).filter((k) => {
      const o = poseStride * k;
      return Math.hypot(poses[o] - stage.poses[o], poses[o + 1] - stage.poses[o + 1]) > 1e-3;
    }),
    refused: names.filter((_, l) => accepted[l] === 0),
  });
  return { isChanged, state };
}

/** Links of a 6 × 6 grid that are wrong alike, a period off, and refused; each between tiles that others hold. */
const period: Error = [40, 0];
const alike = ['7-8', '9-10', '14-15', '19-20', '21-22', '26-27', '8-14'];
const usual = Object.fromEntries(alike.map((name) => [name, period]));

describe('groups of tiles that hang on the rest by few links', () => {
  it('stay where all their links agree', () => {
    const { isChanged, state } = sceneOf({ rows: 4, columns: 4 });
    expect(isChanged()).toBe(false);
    expect(state()).toEqual({ off: [], refused: [] });
  });

  it('come back where the links that reach them say, once these were refused', () => {
    const { isChanged, state } = sceneOf({
      rows: 4,
      columns: 4,
      refused: ['14-15', '11-15'],
      moved: { 15: [30, -20] },
    });
    expect(isChanged()).toBe(true);
    expect(state()).toEqual({ off: [], refused: [] });
  });

  it.each<[string, Error]>([
    ['11-15', [60, 70]],
    ['14-15', [-35, 20]],
  ])('leave a wrong link for the right one where the stage speaks for that: %s', (wrong, error) => {
    const right = wrong === '11-15' ? '14-15' : '11-15';
    const { isChanged, state } = sceneOf({
      rows: 4,
      columns: 4,
      errors: { [wrong]: error },
      refused: [right],
      moved: { 15: error },
    });
    expect(isChanged()).toBe(true);
    expect(state()).toEqual({ off: [], refused: [wrong] });
  });

  it('of several tiles move as one', () => {
    // The last row, of which one link up is wrong and holds it; the other three are refused.
    const { isChanged, state } = sceneOf({
      rows: 5,
      columns: 4,
      errors: { '13-17': [80, 10] },
      refused: ['12-16', '14-18', '15-19'],
      moved: { 16: [80, 10], 17: [80, 10], 18: [80, 10], 19: [80, 10] },
    });
    expect(isChanged()).toBe(true);
    expect(state()).toEqual({ off: [], refused: ['13-17'] });
  });

  it('are let go where two links carry them a period off in agreement, as others are', () => {
    const { isChanged, state } = sceneOf({
      rows: 6,
      columns: 6,
      errors: { ...usual, '29-35': period, '34-35': period },
      refused: alike,
      moved: { 35: period },
    });
    expect(isChanged()).toBe(true);
    expect(state().refused).toEqual(expect.arrayContaining(['29-35', '34-35']));
    expect(state().refused.length).toBe(alike.length + 2);
  });

  it('are not looked at far from what was edited', () => {
    const far = { rows: 4, columns: 4, refused: ['14-15', '11-15'], moved: { 15: [30, -20] as const } };
    const { isChanged, state } = sceneOf({ ...far, near: [0, 1] });
    expect(isChanged()).toBe(false);
    expect(state().off).toEqual([15]);
    const close = sceneOf({ ...far, near: [15] });
    expect(close.isChanged()).toBe(true);
    expect(close.state().off).toEqual([]);
  });

  it('are left to the links that agree where the stage knows nothing of them', () => {
    const { isChanged, state } = sceneOf({ rows: 4, columns: 4, unknown: [15] });
    expect(isChanged()).toBe(false);
    expect(state()).toEqual({ off: [], refused: [] });
  });

  it('that are islands beside one another come one after the other', () => {
    // The last two columns of the last row: all their links were refused, those between them too.
    const { isChanged, state } = sceneOf({
      rows: 4,
      columns: 5,
      refused: ['17-18', '13-18', '18-19', '14-19'],
      moved: { 18: [25, 25], 19: [-60, 12] },
    });
    expect(isChanged()).toBe(true);
    expect(state()).toEqual({ off: [], refused: [] });
  });
});
