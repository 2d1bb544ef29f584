import { describe, expect, it } from 'vitest';
import { addEdit } from '../core/edits/edit.ts';
import type { Edit, EditList } from '../core/edits/edit.ts';
import { translation } from '../core/geometry/affine2.ts';
import type { Mosaic, Placement } from '../core/mosaic/mosaic.ts';
import { unitGain } from '../core/photometry/gain-offset.ts';
import { defaultStitchOptions } from '../core/options.ts';
import { pairKey, tileId } from '../core/tiles/tile.ts';
import { corruptImage, notAnImage, tooLarge, truncatedFile, unsupportedImage } from './format-errors.ts';
import { reportData, reportHtml } from './report-html.ts';
import type { Solution, SolutionTile } from './solution-json.ts';

const ids = ['a.tif', 'b.tif', 'c.tif', 'd.tif'].map((file) => tileId(file));
const size = { width: 101, height: 51 };

function entry(file: string, change: Partial<SolutionTile> = {}): SolutionTile {
  return {
    file,
    row: 0,
    column: 0,
    ...size,
    mosaicFromTile: [1, 0, 0, 1, 0, 0],
    state: 'solved',
    gain: 1.25,
    offset: -3,
    sigmaPx: 0.125,
    component: 0,
    ...change,
  };
}

function link(a: string, b: string, residualPx: number | null, change: object = {}): Solution['links'][number] {
  const plain = { a, b, aFromB: null, matches: 9, inliers: 8, rmsPx: 1, residualPx, state: 'link', confidence: 1 };
  return { ...plain, ...change } as Solution['links'][number];
}

const solution: Solution = {
  version: 1,
  tiles: [
    entry('a.tif'),
    entry('b.tif'),
    entry('c.tif', { state: 'prior', reason: 'no link' }),
    entry('d.tif', { mosaicFromTile: null, state: 'unplaced', sigmaPx: null }),
  ],
  links: [
    link('a.tif', 'b.tif', 0.75),
    link('a.tif', 'c.tif', 3.6),
    link('b.tif', 'c.tif', 2),
    link('b.tif', 'd.tif', null, { state: 'rejected', reason: 'few', detail: 'two <points>' }),
  ],
  options: structuredClone(defaultStitchOptions),
  model: null,
  device: 'test & co',
  bounds: [-5, -6, 1000, 400],
  pixelSizeNm: 4,
};

const placements = ids.slice(0, 3).map((tile, k): Placement => {
  const state = k === 2 ? 'prior' : 'solved';
  return { tile, size, mosaicFromTile: translation(90 * k, 10 * k), state, component: 0, tone: unitGain };
});
const mosaic: Mosaic = {
  bounds: { x: -5, y: -6, width: 1000, height: 400 },
  placements,
  channels: 1,
  sampleType: 'uint8',
  pixelSizeNm: 4,
};
const edits: readonly Edit[] = [
  { kind: 'raise-tile', tile: ids[1] },
  { kind: 'pin-tile', tile: ids[0], pose: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 0.05 },
];
const corrections = edits.reduce(addEdit, [] as EditList).map((one, k) => ({ ...one, isOn: k === 0 }));
const subject = { solution, pairs: [], mosaic, corrections };
const picture = (letter: string) => `data:image/jpeg;base64,${letter}`;
const evidence = {
  overview: picture('o'),
  ncc: new Map([[pairKey({ a: ids[0], b: ids[1] }), { before: 0.25, after: 0.875 }]]),
  seams: [
    {
      pairKey: pairKey({ a: ids[0], b: ids[1] }),
      before: picture('p'),
      after: picture('q'),
      a: picture('r'),
      b: picture('s'),
    },
    { pairKey: 'gone', before: picture('t'), after: picture('u'), a: picture('v'), b: picture('w') },
  ],
  files: [{ path: 'a.tif', identity: '7 ab' }],
};

describe('the report', () => {
  it('is this page to the letter, with pictures and without', async () => {
    const bare = { ...solution, links: [], tiles: [], model: 'loftr', pixelSizeNm: null };
    const empty = { ...mosaic, placements: [], pixelSizeNm: null };
    const pages = [
      reportHtml({ ...subject, evidence }),
      reportHtml({ solution: bare, pairs: [], mosaic: empty, corrections: [] }),
    ];
    await expect(pages.join('\n==== bare\n').replace(/em-stitch [\w.+-]*/g, 'em-stitch')).toMatchFileSnapshot(
      'testing/report.html.txt',
    );
  });

  it('has the worst link first, and those without a figure last', () => {
    expect(reportData(subject).links.map(({ afterPx }) => afterPx)).toEqual([3.6, 2, 0.75, null]);
    expect(reportData(subject).links[3].reason).toBe('few: two <points>');
    expect(reportData(subject).links[0].reason).toBe('');
  });
});

describe('errors of files', () => {
  it('name the file, what is wrong with it, and the next step', () => {
    const cause = new Error('inner');
    expect(
      [
        notAnImage('f', 'it is text'),
        truncatedFile('f', 'it ends', cause),
        unsupportedImage('f', 'a JPEG of 12 bits'),
        unsupportedImage('f', 'a JPEG of 12 bits', 'Do something'),
        corruptImage('f', 'it lies', cause),
        tooLarge('f', 'it is huge', 'Cut it'),
      ].map(({ code, message, detail, cause: why }) => [code, message, detail, why]),
    ).toEqual([
      [
        'not-an-image',
        'f: it is text. Take it out of the folder, or export it as TIFF, PNG, JPEG, BMP or MRC.',
        { file: 'f' },
        undefined,
      ],
      [
        'truncated-file',
        'f: it ends. Copy the file again from the microscope, or leave this tile out.',
        { file: 'f' },
        cause,
      ],
      [
        'unsupported-image',
        'f: a JPEG of 12 bits. Save it as 8- or 16-bit greyscale TIFF (no compression, LZW or Deflate) and drop it again.',
        { file: 'f', variant: 'a JPEG of 12 bits' },
        undefined,
      ],
      [
        'unsupported-image',
        'f: a JPEG of 12 bits. Do something.',
        { file: 'f', variant: 'a JPEG of 12 bits' },
        undefined,
      ],
      [
        'truncated-file',
        'f: it lies. The file is damaged: copy it again, or leave this tile out.',
        { file: 'f' },
        cause,
      ],
      ['too-large', 'f: it is huge. Cut it.', { file: 'f' }, undefined],
    ]);
  });
});
