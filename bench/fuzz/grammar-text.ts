import type { Draw } from './draw.ts';

/** Numbers as people, programs and attackers write them. */
const numbers = [
  '0',
  '1',
  '-12.5',
  '1e3',
  '1e999',
  '-0',
  'NaN',
  'Infinity',
  '0x10',
  '1,5',
  '',
  ' 7 ',
  '9'.repeat(400),
  '１２',
  '1_0',
];
/** File names: plain ones, and those that do harm where they are taken for something else. */
export const hostileNames: readonly string[] = [
  'tile_r01_c02.tif',
  '165_1_2.tif',
  'Grid@3 4].jpg',
  '../../etc/passwd',
  '..\\..\\boot.ini',
  '/absolute.tif',
  'C:\\tile.tif',
  '<script>alert(1)</script>.tif',
  '"><img src=x onerror=alert(1)>.tif',
  "=cmd|' /C calc'!A0.tif",
  '@SUM(A1).tif',
  '+1.tif',
  '-1.tif',
  'a;b,c\td.tif',
  'quote"d.tif',
  '__proto__',
  'constructor',
  'toString.tif',
  '\u202Efit.exe',
  'e\u0301.tif',
  '\uD800.tif',
  'a\0b.tif',
  'CON',
  ' ',
  '.',
  `${'1'.repeat(400)}.tif`,
  `${'a'.repeat(3000)}.tif`,
  '%2e%2e%2fx.tif',
  '&lt;&amp;.tif',
  ']]>.tif',
  'line\nbreak.tif',
];

const fillers = [' ', '\n', '\t', ';', ',', '(', ')', '"', '[', '=', 'a', '<', '&', '>', '\r\n', '] ', ';;(', 'file: '];

function number(draw: Draw): string {
  return draw.chance(0.75) ? String(draw.int(-2000, 5000) / draw.pick([1, 1, 2, 7])) : draw.pick(numbers);
}

function name(draw: Draw): string {
  return draw.chance(0.6) ? `tile_${draw.int(0, 12)}_${draw.int(0, 12)}.tif` : draw.pick(hostileNames);
}

/** Lines by a rule, one in fifty of them a long run of one thing: what makes a backtracking pattern hang. */
function lines(draw: Draw, count: number, line: () => string): string {
  const made = Array.from({ length: count }, () => (draw.chance(0.02) ? run(draw) : line()));
  return made.join(draw.pick(['\n', '\n', '\r\n', '\r']));
}

function run(draw: Draw): string {
  const filler = draw.pick(fillers);
  const head = draw.pick(['', '[Image=', 'a;;(', 'file: ', '<a ', '"', 'x = ']);
  return (
    head + filler.repeat(draw.chance(0.3) ? draw.int(1000, 60000) : draw.int(1, 500)) + draw.pick(['', 'x', ')', ']'])
  );
}

/** Fiji's TileConfiguration. */
export function drawTileConfiguration(draw: Draw): string {
  const head = draw.chance(0.9) ? '# Define the number of dimensions we are working on\ndim = 2\n\n' : '';
  const dimensions = draw.chance(0.9) ? 2 : draw.int(0, 5);
  const place = () => Array.from({ length: dimensions }, () => number(draw)).join(draw.pick([', ', ',', ' ']));
  return head + lines(draw, draw.int(0, 30), () => `${name(draw)}; ${draw.pick(['', '0', 'x'])}; (${place()})`);
}

/** MIST's global positions. */
export function drawMist(draw: Draw): string {
  return lines(
    draw,
    draw.int(0, 30),
    () => `file: ${name(draw)}; corr: 0.9; position: (${number(draw)}, ${number(draw)}); grid: (1, 2);`,
  );
}

/** A table of positions. */
export function drawCsv(draw: Draw): string {
  const separator = draw.pick([',', ';', '\t']);
  const head = draw.chance(0.5)
    ? draw
        .pick([
          ['file', 'x', 'y'],
          ['y', 'x', 'name', 'z'],
          ['x', 'y'],
          ['', '', ''],
        ])
        .join(separator) + '\n'
    : '';
  const quoted = (text: string) => (draw.chance(0.2) ? `"${text}"` : text);
  const columns = draw.chance(0.9) ? 3 : draw.int(1, 6);
  return (
    (draw.chance(0.1) ? '\uFEFF' : '') +
    head +
    lines(draw, draw.int(0, 30), () =>
      Array.from({ length: columns }, (_, i) => quoted(i === 0 ? name(draw) : number(draw))).join(separator),
    )
  );
}

/** A SerialEM .mdoc. */
export function drawMdoc(draw: Draw): string {
  const key = () =>
    draw.pick([
      'PieceCoordinates',
      'AlignedPieceCoords',
      'StagePosition',
      'PixelSpacing',
      'ImageFile',
      '__proto__',
      'T',
    ]);
  const value = () => draw.pick([`${number(draw)} ${number(draw)} 0`, number(draw), name(draw)]);
  const sections = draw.chance(0.995) ? draw.int(0, 12) : 4000;
  const parts = [`PixelSpacing = ${number(draw)}`, `ImageFile = ${name(draw)}`, ''];
  for (let i = 0; i < sections; i++)
    parts.push(
      draw.pick([
        `[ZValue = ${draw.chance(0.9) ? String(i) : number(draw)}]`,
        `[Image = ${name(draw)}]`,
        '[FrameSet = 0]',
      ]),
      lines(draw, draw.int(0, 4), () => `${key()} = ${value()}`),
    );
  return parts.join('\n');
}

const vendorTexts = [
  '[Scan]\nPixelWidth=4e-9\n[Stage]\nStageX=1e-3\nStageY=-2e-3\n',
  '[MAIN]\nPixelSizeX=4e-9\n[SEM]\nStageX=1\nStageY=2\n',
  '0\n0\n0\n4e-9\nAP_IMAGE_PIXEL_SIZE\nImage Pixel Size = 4.000 nm\nAP_STAGE_AT_X\nStage at X = 1.0 mm\n',
  '<Fibics version="1"><Scan><Ux>0.004</Ux><Uy>0</Uy></Scan><Stage><X>1</X><Y>2</Y></Stage></Fibics>',
];

/** Texts of the microscopes' own tags. */
export function drawVendor(draw: Draw): string {
  return (
    draw.pick(vendorTexts).replace(/[\d.e-]+(?=[\n<])/g, (value) => (draw.chance(0.3) ? draw.pick(numbers) : value)) +
    (draw.chance(0.3) ? run(draw) : '')
  );
}

/** OME-XML with entities that would explode, depth, unclosed tags and quotes. */
export function drawXml(draw: Draw): string {
  const entities = draw.chance(0.2)
    ? `<!DOCTYPE lolz [<!ENTITY a "lol">${'bcdef'
        .split('')
        .map((e, i) => `<!ENTITY ${e} "${`&${'abcde'[i]};`.repeat(10)}">`)
        .join('')}<!ENTITY x SYSTEM "file:///etc/passwd">]>`
    : '';
  const value = () =>
    draw.pick([number(draw), name(draw).replace(/["<]/g, ''), '&f;', '&x;', '&#0;', '&#x110000;', '&#65;', 'µm', 'nm']);
  const attribute = () =>
    `${draw.pick(['PhysicalSizeX', 'PhysicalSizeXUnit', 'PositionX', 'PositionY', 'PositionXUnit', 'IFD', 'FileName', 'ID', 'xmlns:x'])}=${draw.pick([`"${value()}"`, `'${value()}'`, value()])}`;
  const tag = (depth: number): string => {
    const label = draw.pick([
      'Image',
      'Pixels',
      'Plane',
      'TiffData',
      'UUID',
      'AcquisitionDate',
      'x:Image',
      'Pixel_Size',
    ]);
    const attributes = Array.from({ length: draw.int(0, 5) }, attribute).join(' ');
    if (depth > 4 || draw.chance(0.2)) return `<${label} ${attributes}/>`;
    const inside = draw.chance(0.5) ? Array.from({ length: draw.int(0, 4) }, () => tag(depth + 1)).join('') : value();
    return `<${label} ${attributes}>${inside}${draw.chance(0.95) ? `</${label}>` : ''}`;
  };
  const deep = draw.chance(0.02) ? '<a>'.repeat(draw.int(1, 12000)) : '';
  const odd = draw.chance(0.1) ? run(draw) : '';
  return `<?xml version="1.0"?>${entities}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">${tag(0)}${deep}${tag(0)}${odd}</OME>`;
}

/** Names of a folder's files, one a line. */
export function drawNames(draw: Draw): string {
  return Array.from({ length: draw.int(1, 30) }, () =>
    draw.chance(0.03) ? run(draw).slice(0, 4000) : name(draw).replaceAll('\n', ' '),
  ).join('\n');
}

/** A JSON text of `value` with some values of it replaced, left out, doubled or nested; sometimes no JSON at all. */
export function changeJson(draw: Draw, value: unknown): string {
  const text = JSON.stringify(changed(draw, value, draw.pick([0.01, 0.03, 0.1])));
  if (draw.chance(0.02)) return '['.repeat(draw.int(1, 60000)) + text;
  if (draw.chance(0.02))
    return text.replace(/\d+/, () => draw.pick(['1e999', '-1e999', '1e308', '0'.repeat(50000), '9'.repeat(5000)]));
  return text;
}

function changed(draw: Draw, value: unknown, p: number): unknown {
  if (draw.chance(p)) return oddValue(draw);
  if (Array.isArray(value)) {
    const items: unknown[] = value.filter(() => !draw.chance(p / 4)).map((item) => changed(draw, item, p));
    return draw.chance(p) && items.length > 0 ? [...items, items[0]] : items;
  }
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(() => !draw.chance(p / 4));
  const made = entries.map(([key, item]) => [draw.chance(p / 8) ? '__proto__' : key, changed(draw, item, p)]);
  return Object.fromEntries(made) as unknown;
}

function oddValue(draw: Draw): unknown {
  return draw.pick<unknown>([
    null,
    true,
    '',
    'x',
    [],
    {},
    [[]],
    -1,
    0,
    0.5,
    1e300,
    -1e300,
    2 ** 53,
    draw.odd(),
    draw.pick(hostileNames),
    { length: 9 },
    Array.from({ length: 300 }, () => 1),
  ]);
}
