import { describe, expect, it } from 'vitest';
import { addEdit } from '../core/edits/edit.ts';
import type { Edit, EditList } from '../core/edits/edit.ts';
import { defaultStitchOptions } from '../core/options.ts';
import { tileId } from '../core/tiles/tile.ts';
import { parseOptions, writeOptions } from './options-json.ts';
import { parseProject, writeProject } from './project-json.ts';
import type { ProjectFile } from './project-json.ts';

const [a, b] = ['a.tif', 'b.tif'].map((file) => tileId(file));
const pose = { x: 1.25, y: -1 / 3, thetaRad: 1e-3 };
const edits: readonly Edit[] = [
  { kind: 'exclude-link', a, b },
  { kind: 'pin-tile', tile: a, pose, sigmaPx: 0.05 },
  { kind: 'landmark', a, b, inA: { x: 1, y: 2 }, inB: { x: 0.1, y: 0.2 }, sigmaPx: 0.1 },
  { kind: 'link-tiles', pair: { a, b, aFromB: pose, sigmaPx: 5, expectedOverlap: null } },
  {
    kind: 'mask-tile',
    tile: b,
    polygon: [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ],
    use: 'both',
  },
  { kind: 'raise-tile', tile: b },
];
const project: ProjectFile = {
  kind: 'em-stitch-project',
  version: 1,
  name: 'section 7',
  files: [{ path: 'a.tif', size: 5, identity: '5-abc' }],
  pages: { kind: 'page', page: 0 },
  group: null,
  layoutChoice: { kind: 'pattern', pattern: 'x_{r}_{c}', scan: null },
  overlap: { x: 0.1, y: 0.12 },
  options: { ...defaultStitchOptions, matcher: 'sift' },
  corrections: edits.reduce<EditList>(addEdit, []),
  isStitched: true,
  view: { tab: 'links', selectedPair: `${a}\u0000${b}`, viewport: { x: 1, y: 2, zoom: 0.5 } },
};

describe('a project file', () => {
  it('gives back what was written, to the last bit', () => {
    expect(parseProject(writeProject(project))).toEqual(project);
  });

  it.each<readonly [string, RegExp, object]>([
    ['another version', /version/, { version: 2 }],
    [
      'an edit of an unknown kind',
      /corrections\.0\.edit/,
      { corrections: [{ id: 'e1', isOn: true, edit: { kind: 'x' } }] },
    ],
    [
      'a pin without a weight',
      /sigmaPx/,
      {
        corrections: [{ id: 'e1', isOn: true, edit: { kind: 'pin-tile', tile: a, pose, sigmaPx: 0 } }],
      },
    ],
    ['a matcher that nobody knows', /matcher/, { options: { matcher: 'magic' } }],
  ])('with %s is refused naming the place', (_, words, change) => {
    expect(() => parseProject(JSON.stringify({ ...project, ...change }), 'p.json')).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^bad-(project|options)$/) as string,
        message: expect.stringMatching(words) as string,
      }),
    );
  });

  it('is refused when it is cut off', () => {
    expect(() => parseProject(writeProject(project).slice(0, 40))).toThrow(/no JSON/);
  });
});

describe('an options file', () => {
  it('gives back what was written', () => {
    const options = { ...defaultStitchOptions, compose: { ...defaultStitchOptions.compose, fill: 7 } };
    expect(parseOptions(writeOptions(options))).toEqual(options);
  });

  it('may state only what it changes', () => {
    expect(parseOptions('{"solve": {"model": "rigid"}}')).toEqual({
      ...defaultStitchOptions,
      solve: { ...defaultStitchOptions.solve, model: 'rigid' },
    });
  });

  it('is refused naming the place, and when it is no object', () => {
    expect(() => parseOptions('{"pair": {"ransacPx": -1}}', 'o.json')).toThrow(/o\.json: pair\.ransacPx/);
    expect(() => parseOptions('[]', 'o.json')).toThrow(/o\.json/);
    expect(() => parseOptions('7')).toThrow(/options file/);
  });
});
