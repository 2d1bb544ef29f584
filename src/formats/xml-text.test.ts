import { describe, expect, it } from 'vitest';
import { handOffs } from './index.ts';
import { xmlElements } from './metadata/xml-elements.ts';
import { isTileConfiguration } from './tile-configuration.ts';
import { escapeXml, xmlElement } from './xml-text.ts';

describe('text in XML', () => {
  it('escapes markup, and what is not ASCII by its number', () => {
    expect(escapeXml('a <b> & "c" \'d\' ~')).toBe('a &#60;b&#62; &#38; &#34;c&#34; &#39;d&#39; ~');
    expect(escapeXml('µ瓦🙂\u007f')).toBe('&#181;&#29926;&#128578;&#127;');
    expect(escapeXml('\t\n\r')).toBe('&#9;&#10;&#13;');
  });

  it('has a mark for each character that XML cannot hold', () => {
    for (const bad of ['\0', '\b', '\v', '\f', '\u001f', '\ud800', '\udfff', '\ufffe', '\uffff'])
      expect(escapeXml(`a${bad}b`)).toBe('a&#xFFFD;b');
    expect(escapeXml('\ud7ff\ue000\ufffd')).toBe('&#55295;&#57344;&#65533;');
  });

  it('is read back as it was written', () => {
    const text = 'x <y> & "z" µ🙂';
    const [read] = xmlElements(xmlElement('e', { k: text, none: null, n: 0 }, escapeXml(text)));
    expect([read.name, read.text, [...read.attributes]]).toEqual([
      'e',
      text,
      [
        ['k', text],
        ['n', '0'],
      ],
    ]);
    expect(xmlElement('e', {})).toBe('<e/>');
    expect(xmlElement('e', { a: 1 }, '')).toBe('<e a="1"></e>');
  });
});

describe('a text', () => {
  it('is a TileConfiguration by a line of it', () => {
    for (const text of ['# x\r\n  dim = 2', 'dim=3', 'a.tif; ; (1, 2)', '# x\n\ta; 0; (1, 2, 3) '])
      expect(isTileConfiguration(text)).toBe(true);
    for (const text of ['', 'my dim = 2', 'dim = two', 'dims = 2', 'a; ; (1)', 'a; (1, 2)', 'a; ; 1, 2', 'f(1, 2)'])
      expect(isTileConfiguration(text)).toBe(false);
  });

  it('that is a damaged BigStitcher dataset is refused by the setup that is wrong', async () => {
    const format = await handOffs.bigstitcher.load();
    const registered = (affine: string, setup = '0') =>
      `<FileMapping view_setup="0"><file>a.tif</file></FileMapping><ViewRegistration setup="${setup}"><affine>${affine}</affine></ViewRegistration>`;
    const read = (text: string) => () => format.read([{ name: 'bigstitcher-dataset.xml', text }]);
    expect(read(registered('1 0 0 5 0 1 0 6 0 0 1 0'))()).toEqual([
      { file: 'a.tif', mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: 5, f: 6 } },
    ]);
    expect(read(registered('1 0 0 5 0 1 0 6 0 0 1 0', '7'))).toThrow(/view setup 7 has no file or no affine of twelve/);
    expect(read(registered('1 0 0 5 0 1 0 6 0 0 1'))).toThrow(/view setup 0 has no file/);
    expect(read(registered('1 0 0 x 0 1 0 6 0 0 1 0'))).toThrow(/view setup 0 has no file/);
  });
});
