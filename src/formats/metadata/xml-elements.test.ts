import { describe, expect, it } from 'vitest';
import { xmlElements } from './xml-elements.ts';

const all = (text: string) => [...xmlElements(text)];
const attributes = (tag: string) => Object.fromEntries(all(`<x ${tag}>`)[0].attributes);

describe('the elements of an XML text', () => {
  it('come in document order with their text, attributes and the elements around them', () => {
    const found = all('<a:Root k="1">  hello <b q=\'2\'/> tail <c><d>deep</d></c><e/>rest</a:Root><f>');
    expect(found.map(({ name, text, ancestors }) => [name, text, ancestors])).toEqual([
      ['Root', 'hello', []],
      ['b', '', ['Root']],
      ['c', '', ['Root']],
      ['d', 'deep', ['Root', 'c']],
      ['e', '', ['Root']],
      ['f', '', []],
    ]);
    expect(Object.fromEntries(found[0].attributes)).toEqual({ k: '1' });
    expect(Object.fromEntries(found[1].attributes)).toEqual({ q: '2' });
  });

  it('have the text up to the end where no tag follows', () => {
    expect(all('<a>last words')[0].text).toBe('last words');
    expect(all('<a>')[0].text).toBe('');
  });

  it('are not looked for in comments, CDATA, declarations and processing instructions', () => {
    const text =
      '<?xml version="1.0" x="<p>"?><!DOCTYPE a><!-- <b/> - > <g/> --><![CDATA[<c/>]]><d>1</d><!-- e --><f/>';
    expect(all(text).map(({ name }) => name)).toEqual(['d', 'f']);
    expect(all('<a><![CDATA[ > <b> ]]><c/></a>').map(({ name }) => name)).toEqual(['a', 'c']);
    expect(all('<![CDATA[never ends > <a/>')).toEqual([]);
    expect(all('<!-- never ends <a/>')).toEqual([]);
    expect(all('<?never ends <a/>')).toEqual([]);
    expect(all('<a/><!-- x --><b/>').map(({ name }) => name)).toEqual(['a', 'b']);
    expect(all('x<?a?><b/>').map(({ name }) => name)).toEqual(['b']);
  });

  it('end at the > that is outside of quotes', () => {
    expect(all(`<a v="1>2" w='"3>'>in</a>`).map(({ text }) => text)).toEqual(['in']);
    expect(attributes(`v="1>2" w='"3>'`)).toEqual({ v: '1>2', w: '"3>' });
    expect(all('<a v="never')).toEqual([]);
    expect(all('<a')).toEqual([]);
  });

  it('are 256 deep at most', () => {
    expect(all('<a>'.repeat(1000)).length).toBe(257);
    expect(all('<a></a>'.repeat(1000)).length).toBe(1000);
    expect(all('<a/>'.repeat(1000)).length).toBe(1000);
  });
});

describe('attributes', () => {
  it('are read with blanks around the sign, without their prefix, and with either quote', () => {
    expect(attributes(`xmlns:p = "u"  q\n=\n'v' r.s-t="w"`)).toEqual({ p: 'u', q: 'v', 'r.s-t': 'w' });
    expect(attributes('a="" b="2"')).toEqual({ a: '', b: '2' });
    expect(attributes(`a="'" b='"'`)).toEqual({ a: "'", b: '"' });
  });

  it('without quotes or a name are passed over, and the next is read', () => {
    expect(attributes('a=1 b="2"')).toEqual({ b: '2' });
    expect(attributes('!="1" b="2"')).toEqual({ b: '2' });
    expect(attributes('a="1=2" b="3"')).toEqual({ a: '1=2', b: '3' });
    expect(attributes('a==b="3"')).toEqual({ b: '3' });
    expect(attributes('none')).toEqual({});
  });

  it('are not looked for far from their sign', () => {
    expect(attributes(`a=${' '.repeat(63)}"1"`)).toEqual({ a: '1' });
    expect(attributes(`a=${' '.repeat(64)}"1" b="2"`)).toEqual({ b: '2' });
    expect(attributes(`${'n'.repeat(300)}="1"`)).toEqual({ ['n'.repeat(256)]: '1' });
  });
});

describe('entities', () => {
  it('are the five of XML and numbers of characters', () => {
    expect(all('<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;</a>')[0].text).toBe('<>&"\'AB😀');
    expect(all('<a>&amp;lt;</a>')[0].text).toBe('&lt;');
    expect(attributes('v="&lt;&#x3bc;"')).toEqual({ v: '<μ' });
  });

  it('stay as they are where they name no character', () => {
    for (const text of ['&nbsp;', '&#0;', '&#x110000;', '&#xFFFFFFF;', '&#99999999;', '&;', 'a & b', '&lt'])
      expect(all(`<a>${text}</a>`)[0].text).toBe(text);
    expect(all('<a>&#x10FFFF;&#1;</a>')[0].text).toBe('\u{10FFFF}\u0001');
  });
});
