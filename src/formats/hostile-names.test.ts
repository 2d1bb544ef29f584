import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../core/options.ts';
import { StitchError } from '../core/errors.ts';
import { plainTile } from '../core/testing/plain-tile.ts';
import { handOffs } from './index.ts';
import type { HandOffId } from './index.ts';
import { csvText, linksCsv } from './links-csv.ts';
import { mosaicFromSolution, parseSolution, writeSolution } from './solution-json.ts';
import type { Solution } from './solution-json.ts';
import { parseTileConfiguration, writeTileConfiguration } from './tile-configuration.ts';
import { escapeXml, xmlElement } from './xml-text.ts';

const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';

/** Names that do harm where they are taken for markup, formulas, paths or lines. */
const names = [
  '<script>alert(1)</script>.tif',
  '"><img src=x onerror=alert(1)>.tif',
  ']]><x>.tif',
  "&xxe;' onload='alert(1).tif",
  "=cmd|' /C calc'!A0.tif",
  '@SUM(A1:A9).tif',
  '+1+1.tif',
  '-2+3.tif',
  '\t=1+1.tif',
  '\uFF1D1+1.tif',
  'a;=1+1.tif',
  '../../etc/passwd.tif',
  'b\u202Efit.exe.tif',
  '\uD800lone.tif',
  'c\u0007bell.tif',
];
/** Names that a line of text cannot hold. */
const lineBreakers = ['x\n# y; ; (0, 0).tif', 'x\r\nevil; ; (1, 2)', '#comment.tif', 'dim = 3'];

function solutionOf(files: readonly string[]): Solution {
  return {
    version: 1,
    tiles: files.map((file, i) => ({
      file,
      row: 0,
      column: i,
      width: 100,
      height: 80,
      mosaicFromTile: [1, 0, 0, 1, 90 * i, 0],
      state: 'solved',
      gain: 1,
      offset: 0,
      sigmaPx: 0.1,
      component: 0,
    })),
    links: files.map((file) => ({
      a: file,
      b: 'z.tif',
      state: 'rejected',
      reason: 'few-matches',
      detail: file,
      aFromB: null,
      matches: 3,
      inliers: 0,
      confidence: null,
      rmsPx: null,
      residualPx: null,
    })),
    options: structuredClone(defaultStitchOptions),
    model: null,
    device: 'test',
    bounds: [0, 0, 90 * files.length + 10, 80],
    pixelSizeNm: 4,
  };
}

function mosaicOf(files: readonly string[]) {
  const tiles = files.map((file) => plainTile(file, { width: 100, height: 80 }));
  return mosaicFromSolution(solutionOf(files), tiles);
}

/** Cells of RFC 4180 text. */
function cellsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|,|\n)(?:"((?:[^"]|"")*)"|([^",\n]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );
}

describe('names that do harm', () => {
  it('are no markup in any file handed to another program, and its XML is well-formed', async () => {
    const xml: string[] = [xmlElement('Image', { Name: names.join(' ') }, escapeXml(names.join(' ')))];
    for (const id of Object.keys(handOffs) as HandOffId[]) {
      const format = await handOffs[id].load();
      for (const name of names) {
        try {
          const { files } = format.write({ solution: solutionOf([name, 'z.tif']), links: [], tiles: [] });
          for (const file of files) {
            expect(file.name).toMatch(/^[\w.-]+$/);
            if (!file.name.endsWith('.xml')) continue;
            expect(file.text).not.toMatch(/<(script|img|x)\b|&xxe;/i);
            xml.push(file.text);
          }
        } catch (error) {
          // A format that cannot hold a name refuses it by name.
          if (!(error instanceof StitchError) || error.code !== 'bad-options') throw error;
          expect(error.message).toContain(name);
        }
      }
    }
    // An XML reader from outside: nothing of a name has become an element or an attribute.
    const program = `
import sys, json, xml.etree.ElementTree as e
for text in json.load(sys.stdin):
    for element in e.fromstring(text).iter():
        assert element.tag not in ("script", "img", "x"), element.tag
        assert not any(key.startswith("on") for key in element.keys()), element.keys()
print("ok")`;
    expect(xml.length).toBeGreaterThan(25);
    expect(execFileSync(python, ['-c', program], { input: JSON.stringify(xml), encoding: 'utf8' })).toBe('ok\n');
  });

  it('are no formulas in links.csv, and no cells of their own where a spreadsheet cuts at semicolons or tabs', () => {
    const text = linksCsv(solutionOf(names));
    const cells = cellsOf(text);
    expect(
      cells.filter((cell) => /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell) && !Number.isFinite(Number(cell))),
    ).toEqual([]);
    for (const name of names) expect(cells.some((cell) => cell === name || cell === `'${name}`)).toBe(true);
    expect(csvText('a;=1+1')).toBe('"a;=1+1"');
    expect(csvText('a\t=1+1')).toBe('"a\t=1+1"');
  });

  it('come back from solution.json as they were', () => {
    const solution = solutionOf([...names, ...lineBreakers]);
    expect(parseSolution(writeSolution(solution)).tiles.map(({ file }) => file)).toEqual([...names, ...lineBreakers]);
    expect(writeSolution(solution).split('\n').length).toBeLessThan(60);
  });

  it('add no lines to a TileConfiguration: a name that a line cannot hold is left out and said', () => {
    const good = names.filter((name) => !name.includes(';') && name.trim() === name);
    const { text, warnings } = writeTileConfiguration(mosaicOf([...names, ...lineBreakers]));
    expect(parseTileConfiguration('t.txt', text).positions.map(({ file }) => file)).toEqual(good);
    expect(warnings[0]).toContain(`${names.length + lineBreakers.length - good.length} tiles are left out`);
  });
});
