import { expect, it } from 'vitest';
import { addEdit } from '../core/edits/edit.ts';
import { buildMosaic } from '../core/mosaic/build-mosaic.ts';
import { defaultStitchOptions } from '../core/options.ts';
import { plainReport } from '../core/testing/plain-report.ts';
import { makeSyntheticGraph } from '../core/testing/synthetic-graph.ts';
import type { Tile } from '../core/tiles/tile.ts';
import { pairKey } from '../core/tiles/tile.ts';
import { reportData, reportHtml } from './report-html.ts';
import { solutionFrom } from './solution-json.ts';

const { graph, truth } = makeSyntheticGraph({ rows: 2, columns: 2, matchSigmaPx: 0.2 });
const tiles: readonly Tile[] = graph.nodes.map(({ id, size }) => ({
  id,
  file: id,
  page: 0,
  size,
  channels: 1,
  sampleType: 'uint8',
  pixelSizeNm: 4,
  stage: null,
}));
const ids = tiles.map(({ id }) => id);
const report = plainReport(truth, {
  sigmaPx: new Map(ids.map((id) => [id, 0.1])),
  edges: graph.links.map(({ pair }) => ({ pairKey: pairKey(pair), residualPx: 0.4, weight: 1, removed: false })),
});
const mosaic = buildMosaic(tiles, report, new Map(), ids);
const poses = new Map(graph.nodes.map(({ id, prior }) => [id, prior.pose]));
const solution = solutionFrom({
  tiles,
  layout: { kind: 'positions', poses, sigmaPx: 1 },
  pairs: graph.links,
  report,
  mosaic,
  options: defaultStitchOptions,
  model: null,
  device: '<script>alert("x")</script>',
  excluded: new Set(),
});
const corrections = addEdit([], { kind: 'raise-tile', tile: ids[1] });

it('is one page that asks nobody for anything, with every text escaped', () => {
  const html = reportHtml({ solution, pairs: graph.links, mosaic, corrections });
  expect(html).not.toMatch(/<script|https?:|src=|href=|url\(/);
  expect(html).toContain('&#60;script&#62;');
  expect(html.match(/<line /g)).toHaveLength(4);
  expect(html).toContain('r0000c0001.tif on top');
});

it('shows the worst seams and says who the files are, all in the page itself', () => {
  const [first] = graph.links;
  const picture = 'data:image/jpeg;base64,/9j/';
  const evidence = {
    overview: picture,
    ncc: new Map([[pairKey(first.pair), { before: 0.1, after: 0.87 }]]),
    seams: [{ pairKey: pairKey(first.pair), before: picture, after: picture, a: picture, b: picture }],
    files: [{ path: 'r0000c0000.tif', identity: '12-abc' }],
  };
  const html = reportHtml({ solution, pairs: graph.links, mosaic, corrections, evidence });
  expect(html).toContain('correlation 0.10 → 0.87');
  expect(html).toContain('12-abc');
  const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  expect(addresses).toHaveLength(5);
  expect(new Set(addresses)).toEqual(new Set([picture]));
});

it('says how far loops of links close, of all found and of those used', () => {
  const { loops } = reportData({ solution, pairs: graph.links, mosaic, corrections });
  expect(loops.found.count).toBe(1);
  expect(loops.found).toEqual(loops.used);
  expect(loops.worst[0].isUsed).toBe(true);
  expect(loops.worst[0].closurePx).toBeLessThan(2);
});

it('gives the error of each pair where the layout had it and at the solution', () => {
  const data = reportData({ solution, pairs: graph.links, mosaic, corrections });
  expect(data.links).toHaveLength(4);
  for (const { beforePx, afterPx } of data.links) {
    expect(afterPx).toBe(0.4);
    expect(beforePx).toBeGreaterThan(0);
  }
});
