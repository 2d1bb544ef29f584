/** A start or empty tag of an XML text, or the text of an element, in document order. */
export interface XmlElement {
  /** Name without its namespace prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Text directly behind the tag, up to the next one. */
  readonly text: string;
  /** Names of the elements around it, outermost first. */
  readonly ancestors: readonly string[];
}

const maxElements = 1_000_000;
const maxDepth = 256;
/** Blanks around the '=' of an attribute, and letters of its name, that are looked at. */
const maxGap = 64;
const maxName = 256;

/** The five entities of XML and numeric references; no other is expanded, so that none can explode. */
const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * Elements of an XML text in document order: enough for microscopes' metadata, tolerant of what is around them. No
 * DOMParser is in workers. Comments, CDATA markers, declarations and document types are skipped; reading stops at
 * damage, and at a million elements.
 */
export function* xmlElements(text: string): Generator<XmlElement> {
  const ancestors: string[] = [];
  let at = 0;
  for (let count = 0; count < maxElements;) {
    const open = text.indexOf('<', at);
    if (open < 0) return;
    const skip = skipMarkup(text, open);
    if (skip !== null) {
      if (skip === -1) return;
      at = skip;
      continue;
    }
    const close = endOfTag(text, open);
    if (close < 0) return;
    const inside = text.slice(open + 1, close);
    at = close + 1;
    if (inside.startsWith('/')) {
      ancestors.pop();
      continue;
    }
    const isEmpty = inside.endsWith('/');
    const next = text.indexOf('<', at);
    const name = localName(inside.split(/[\s/]/, 1)[0]);
    const content = isEmpty ? '' : decodeEntities(text.slice(at, next < 0 ? text.length : next)).trim();
    yield { name, attributes: attributesOf(inside), text: content, ancestors: [...ancestors] };
    count++;
    if (!isEmpty) ancestors.push(name);
    if (ancestors.length > maxDepth) return;
  }
}

/** Where a comment, declaration, CDATA start or processing instruction ends; −1 when it does not, null for a tag. */
function skipMarkup(text: string, open: number): number | null {
  const ends: readonly (readonly [string, string])[] = [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
    ['<!', '>'],
  ];
  const found = ends.find(([start]) => text.startsWith(start, open));
  if (found === undefined) return null;
  const end = text.indexOf(found[1], open);
  return end < 0 ? -1 : end + found[1].length;
}

/** The '>' that ends the tag at `open`, quotes respected; −1 when there is none. */
function endOfTag(text: string, open: number): number {
  let quote = '';
  for (let i = open + 1; i < text.length; i++) {
    const c = text[i];
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '>') return i;
  }
  return -1;
}

function attributesOf(tag: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  // From one '=' to the next: a pattern that looks for name, '=' and value starts anew at every letter of a long name.
  for (let at = tag.indexOf('='); at >= 0;) {
    const value = /\S/.exec(tag.slice(at + 1, at + 1 + maxGap));
    const start = at + 1 + (value?.index ?? 0);
    const quote = tag[start];
    const end = quote === '"' || quote === "'" ? tag.indexOf(quote, start + 1) : -1;
    if (end >= 0) {
      const name = /[\w:.-]+$/.exec(tag.slice(Math.max(0, at - maxName), at).trimEnd())?.[0];
      if (name !== undefined) attributes.set(localName(name), decodeEntities(tag.slice(start + 1, end)));
    }
    at = tag.indexOf('=', end >= 0 ? end + 1 : at + 1);
  }
  return attributes;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return entities.get(name) ?? whole;
    const code = name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
