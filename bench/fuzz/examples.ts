import { readFileSync } from 'node:fs';

/** The manifest of the embedded network. */
export const exampleManifest: unknown = JSON.parse(
  readFileSync(new URL('../../public/models/loftr-compact/manifest.json', import.meta.url), 'utf8'),
);

const tile = {
  row: 0,
  column: 0,
  width: 100,
  height: 80,
  state: 'solved',
  gain: 1,
  offset: 0,
  sigmaPx: 0.2,
  component: 0,
};
const displacements = [0, 0.5, -0.25, 0];

/** Options of a run. */
export const exampleOptions = {
  matcher: 'sift',
  pair: { model: 'rigid', minConfidence: null, ransacPx: 3, marginFraction: 0.5, align: true },
  solve: { model: 'rigid', removal: { timesMean: 3, minPx: 5 }, robustScalePx: 1, refine: true },
  compose: { blend: 'feather', interpolation: 'bilinear', topmost: 'first', evenTones: true, fill: 0 },
};

/** A solution of three tiles with everything in it that a solution can hold. */
export const exampleSolution: unknown = {
  version: 1,
  tiles: [
    { ...tile, file: 'a/tile_0_0.tif', mosaicFromTile: [1, 0, 0, 1, 0, 0] },
    {
      ...tile,
      file: 'a/tile_0_1.tif',
      page: 1,
      section: 2,
      mosaicFromTile: [1, 0.01, -0.01, 1, 90.5, -2],
      mesh: { columns: 2, rows: 2, dx: displacements, dy: displacements },
    },
    {
      ...tile,
      file: 'a/tile_1_1.tif',
      row: null,
      column: null,
      mosaicFromTile: null,
      state: 'unplaced',
      reason: 'no neighbour was proposed for it',
    },
  ],
  links: [
    {
      a: 'a/tile_0_0.tif',
      b: 'a/tile_0_1.tif#1',
      state: 'link',
      aFromB: [1, 0, 0, 1, 90, -2],
      matches: 40,
      inliers: 30,
      confidence: 0.9,
      rmsPx: 0.3,
      residualPx: 0.1,
      weight: 1,
    },
    {
      a: 'a/tile_0_1.tif#1',
      b: 'a/tile_1_1.tif',
      state: 'rejected',
      reason: 'few-matches',
      detail: '3 of 10',
      aFromB: null,
      matches: 3,
      inliers: 0,
      confidence: null,
      rmsPx: null,
      residualPx: null,
    },
  ],
  options: exampleOptions,
  model: null,
  device: 'JavaScript, 1 thread',
  bounds: [0, -2, 190, 83],
  pixelSizeNm: 4,
};

/** section.json of a section that was stitched. */
export const exampleSection: unknown = {
  version: 1,
  state: 'done',
  section: '0007',
  key: 'abc',
  layout: 'rows',
  prior: null,
  quality: { tiles: 9, solved: 9, pairs: 12, links: 12, residualPx: 0.3, worstResidualPx: 0.9 },
  places: [{ row: 0, column: 0, x: 0, y: 0, isSolved: true }],
  solutionSha256: 'ab',
  picture: { name: 'mosaic.tif', bytes: 100 },
};

const pose = { x: 1.25, y: -0.5, thetaRad: 1e-3 };

/** A project with every kind of correction. */
export const exampleProject: unknown = {
  kind: 'em-stitch-project',
  version: 1,
  name: 'section 7',
  files: [{ path: 'a.tif', size: 5, identity: '5-abc' }],
  pages: { kind: 'page', page: 0 },
  group: null,
  layoutChoice: {
    kind: 'scan',
    scan: { rows: 2, columns: 3, order: { axis: 'row', path: 'snake', corner: 'top-left' } },
  },
  overlap: { x: 0.1, y: 0.12 },
  options: { matcher: 'sift', pair: { ransacPx: 2 } },
  corrections: [
    { id: 'e1', isOn: true, edit: { kind: 'exclude-link', a: 'a.tif', b: 'b.tif' } },
    { id: 'e2', isOn: true, edit: { kind: 'pin-tile', tile: 'a.tif', pose, sigmaPx: 0.05 } },
    { id: 'e3', isOn: false, edit: { kind: 'landmark', a: 'a.tif', b: 'b.tif', inA: pose, inB: pose, sigmaPx: 0.1 } },
    { id: 'e4', isOn: true, edit: { kind: 'mask-tile', tile: 'a.tif', polygon: [pose, pose, pose], use: 'both' } },
  ],
  isStitched: true,
  view: { tab: 'links', selectedPair: null, viewport: { x: 1, y: 2, zoom: 0.5 } },
};
