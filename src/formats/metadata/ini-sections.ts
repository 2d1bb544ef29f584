/** Keys and values of INI text by section; keys before any section are under ''. */
export type IniSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Larger texts are no headers. */
const maxLines = 100_000;

/** Parses INI text (`[Section]`, `key=value`); later keys win, anything else is skipped. */
export function parseIni(text: string): IniSections {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  sections.set('', current);
  for (const raw of text.split(/\r\n|\n|\r/, maxLines)) {
    const line = raw.trim();
    if (line.startsWith('[') && line.endsWith(']')) {
      const name = line.slice(1, -1);
      current = sections.get(name) ?? new Map<string, string>();
      sections.set(name, current);
      continue;
    }
    const at = line.indexOf('=');
    if (at > 0) current.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return sections;
}

/** A number of the text, NaN when it is absent or none. */
export function iniNumber(sections: IniSections, section: string, key: string): number {
  const text = sections.get(section)?.get(key) ?? '';
  return text === '' ? NaN : Number(text);
}
