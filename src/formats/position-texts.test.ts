import { describe, expect, it } from 'vitest';
import { isMistPositions, parseMistPositions } from './mist-positions.ts';
import { mdocPositions, parseMdoc } from './mdoc.ts';
import { badLayoutFile, layoutLines, parseCoordinate, positionTable } from './position-table.ts';
import { parsePositionsCsv } from './positions-csv.ts';

/** What a parser says of a text: places as `file x y`, or the line and sentence of its error. */
function said(
  parse: (file: string, text: string) => { positions: readonly { file: string; x: number; y: number }[] },
  text: string,
) {
  try {
    return parse('f.txt', text).positions.map(({ file, x, y }) => `${file} ${x} ${y}`);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

describe('lines of positions', () => {
  it('end in any way, and are none where one is longer than any list has', () => {
    expect(layoutLines('f', 'a\r\nb\nc\rd')).toEqual(['a', 'b', 'c', 'd']);
    const long = 'x'.repeat(1_000_000);
    expect(() => layoutLines('f', `a\n${long}`)).toThrow(/^f, line 2: it has 1000000 letters/);
  });

  it('name the file, the line where there is one, and what to do', () => {
    expect(badLayoutFile('f', 3, 'no')).toMatchObject({
      code: 'bad-layout-file',
      message: 'f, line 3: no. Correct the file, or choose another layout.',
      detail: { file: 'f', line: 3 },
    });
    expect(badLayoutFile('f', null, 'no')).toMatchObject({
      message: 'f: no. Correct the file, or choose another layout.',
      detail: { file: 'f' },
    });
  });

  it('hold coordinates that are numbers, with a decimal comma where it can be one', () => {
    expect(parseCoordinate('f', 1, ' -1.5e2 ')).toBe(-150);
    expect(parseCoordinate('f', 1, '1,25', true)).toBe(1.25);
    for (const text of ['', '  ', 'x', 'Infinity', 'NaN', '1,25', '1 2'])
      expect(() => parseCoordinate('f', 7, text)).toThrow(`f, line 7: "${text.trim()}" is not a coordinate`);
    expect(() => parseCoordinate('f', 7, 'y'.repeat(99))).toThrow(`"${'y'.repeat(40)}" is not`);
  });

  it('may name a file twice in one place, which counts once', () => {
    const at = (file: string, x: number, y = 0) => ({ file, x, y });
    expect(positionTable('f', 'CSV', [at('a', 1), at('b', 2), at('a', 1)])).toEqual({
      format: 'CSV',
      positions: [at('a', 1), at('b', 2)],
    });
    for (const other of [at('a', 2), at('a', 1, 1)])
      expect(() => positionTable('f', 'CSV', [at('a', 1), other])).toThrow('f: it places a twice, differently');
    expect(() => positionTable('f', 'CSV', [])).toThrow('f: it holds no positions');
  });
});

describe('MIST positions', () => {
  it('are the name and the two numbers of each line', () => {
    const text = 'file: a b.tif; corr: 0.9; position: (1.5, -2); grid: (0, 1);\n\n \t\n  file:c\\d.tif;position:(3,4)';
    expect(said(parseMistPositions, text)).toEqual(['a b.tif 1.5 -2', 'c/d.tif 3 4']);
    expect(isMistPositions(`# x\n${text}`)).toBe(true);
  });

  it.each([
    'filed: a; position: (1, 2)',
    ' a file: a; position: (1, 2)',
    'file: a position: (1, 2)',
    'file: ; position: (1, 2)',
    'file: a; place: (1, 2)',
    'file: a; position: 1, 2)',
    'file: a; position: (1, 2',
    'file: a; position: (1)',
    'file: a; position: (1, 2, 3)',
    'file: a; position: ((1, 2)',
    'file: a; position: at (1, 2)',
    'position: (1, 2) file: a;',
  ])('%j is none, and the line is named', (line) => {
    expect(said(parseMistPositions, `\nfile: a; position: (1, 2)\n${line}`)).toBe(
      'f.txt, line 3: expected "file: NAME; corr: c; position: (x, y); …". Correct the file, or choose another layout.',
    );
    expect(isMistPositions(line)).toBe(false);
  });

  it('with a number that is none name the line', () => {
    expect(said(parseMistPositions, '\nfile: a; position: (1, b)')).toMatch(/^f\.txt, line 2: "b" is not a coordinate/);
  });
});

describe('a CSV of positions', () => {
  it.each([
    ['a.tif,1,2\nb.tif,3,4', ['a.tif 1 2', 'b.tif 3 4']],
    ['\uFEFF# made by hand\n\n{ROOT_DIR}\t.\n  {X}\na.tif\t1\t2', ['a.tif 1 2']],
    ['y;x;name\n1,5;2,5;a\\b.tif\n # note\n\n3;4;c.tif', ['a/b.tif 2.5 1.5', 'c.tif 4 3']],
    [' Pos_X , PosY , FILE \n1,2,a.tif', ['a.tif 1 2']],
    ['x_px,y_px,tile,more\n1,2,a.tif,z', ['a.tif 1 2']],
    ['"a,b.tif",1,2\n"c ""d"".tif",3,4\n"e"f.tif,5,6', ['a,b.tif 1 2', 'c "d".tif 3 4', 'ef.tif 5 6']],
    ['image,position_x,position_y\na,1,2', ['a 1 2']],
    ['path,px,py\na,1,2', ['a 1 2']],
  ])('%j is read', (text, places) => {
    expect(said(parsePositionsCsv, text)).toEqual(places);
  });

  it.each([
    ['', 'f.txt: it holds no positions'],
    ['# nothing\n{a}\n \n', 'f.txt: it holds no positions'],
    ['\na 1 2', 'f.txt, line 2: expected file, x, y separated by comma, semicolon or tab'],
    ['a,1', 'f.txt, line 1: expected file, x, y separated by comma'],
    ['a,1,2\n#\nb,3', 'f.txt, line 3: expected file, x and y, found 2 columns'],
    ['x,y,z,file\n1,2,3', 'f.txt, line 2: expected file, x and y, found 3 columns'],
    ['a,1,2\n ,3,4', 'f.txt, line 2: the file name is empty'],
    ['a,1,2\nb,3,c', 'f.txt, line 2: "c" is not a coordinate'],
    ['file,x,z\na,1,2', 'f.txt, line 1: "x" is not a coordinate'],
    ['file,z,y\na,1,2', 'f.txt, line 1: "z" is not a coordinate'],
    ['z,x,y\na,1,2', 'f.txt, line 1: "x" is not a coordinate'],
    ['file,x,y', 'f.txt: it holds no positions'],
    ['a,1,2,5\nb,1,2', ''],
  ])('%j is refused with its line: %s', (text, sentence) => {
    const answer = said(parsePositionsCsv, text);
    if (sentence === '') expect(answer).toEqual(['a 1 2', 'b 1 2']);
    else expect(answer).toMatch(sentence);
  });
});

describe('a SerialEM .mdoc', () => {
  const text = [
    'PixelSpacing = 20',
    'ImageFile = stack.mrc',
    '[T = comment]',
    '[ZValue = 0]',
    'PieceCoordinates = 0 0 0',
    'StagePosition = 1.5 -2',
    '[ZValue = 12]',
    'PieceCoordinates = 900 800 0',
    'AlignedPieceCoords = 905 810 0',
    'PixelSpacing = 10',
    '[FrameSet = 3]',
    'PieceCoordinates = 1',
  ].join('\r\n');

  it('is what it says of the whole file and of each section', () => {
    expect(parseMdoc('m.mdoc', text)).toEqual({
      imageFile: 'stack.mrc',
      pixelSizeNm: 2,
      sections: [
        { section: 0, file: null, piece: { x: 0, y: 0 }, stage: { x: 1.5, y: -2 }, pixelSizeNm: 2 },
        { section: 12, file: null, piece: { x: 905, y: 810 }, stage: null, pixelSizeNm: 1 },
        { section: null, file: null, piece: null, stage: null, pixelSizeNm: 2 },
      ],
    });
    const image = parseMdoc('m.mdoc', '[Image = sub\\a.tif]\nPixelSpacing=-1');
    expect(image.sections).toEqual([{ section: null, file: 'sub/a.tif', piece: null, stage: null, pixelSizeNm: null }]);
    expect(image.imageFile).toBeNull();
  });

  it('is passed over where a line only looks like one', () => {
    const odd = [
      '2PixelSpacing = 5',
      'PixelSpacing = 0',
      '[ZValue = 1] x',
      ' [ZValue = 3] ',
      'x [ZValue = 4]',
      'StagePosition =  1.5   2 ',
    ];
    expect(parseMdoc('m', odd.join('\n'))).toEqual({
      imageFile: null,
      pixelSizeNm: null,
      sections: [{ section: 3, file: null, piece: null, stage: { x: 1.5, y: 2 }, pixelSizeNm: null }],
    });
  });

  it('counts pieces from the lowest up, and turns them', () => {
    expect(mdocPositions(parseMdoc('m', text))).toEqual([{ x: 0, y: 810 }, { x: 905, y: 0 }, null]);
  });

  it('falls back on the stage, whose y points up', () => {
    const staged =
      '[ZValue = 0]\nPixelSpacing=20\nStagePosition=1.5 -2\n[ZValue=1]\nStagePosition=1 1\n[ZValue=2]\nPixelSpacing=20';
    expect(mdocPositions(parseMdoc('m', staged))).toEqual([{ x: 750, y: 1000 }, null, null]);
  });

  it.each([
    ['', /it has no \[ZValue = …\] section/],
    ['PixelSpacing = 1\n[ZValue = two]', /line 2: "two" is not the number of a section/],
    ['[ZValue = 1234567890]', /line 1: "1234567890" is not/],
    ['[ZValue = -1]', /"-1" is not/],
  ])('%j is refused', (bad, message) => {
    expect(() => parseMdoc('m', bad)).toThrow(message);
  });
});
