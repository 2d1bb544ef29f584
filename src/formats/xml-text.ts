/**
 * Text as XML character data or attribute value, in ASCII: markup is escaped, other characters are numeric references,
 * and what XML 1.0 cannot hold (control characters, lone surrogates) becomes U+FFFD.
 * @see XML 1.0, 2.2 and 4.6
 */
export function escapeXml(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isAllowed =
      code === 9 ||
      code === 10 ||
      code === 13 ||
      (code >= 32 && code < 0xd800) ||
      (code > 0xdfff && code < 0xfffe) ||
      code > 0xffff;
    if (!isAllowed) out += '&#xFFFD;';
    else if (code < 32 || code > 126 || '<>&"\''.includes(character)) out += `&#${code};`;
    else out += character;
  }
  return out;
}

/** An element on one line; attributes that are null are left out. */
export function xmlElement(
  name: string,
  attributes: Readonly<Record<string, string | number | null>>,
  content?: string,
): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join('');
  return content === undefined ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}
