/** The part of a tile's id that people read: no folders, no extension of the file. */
export function tileName(id: string): string {
  const hash = id.lastIndexOf('#');
  const page = hash > 0 && /^#\d+$/.test(id.slice(hash)) ? id.slice(hash) : '';
  const file = page === '' ? id : id.slice(0, hash);
  const base = file.slice(file.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return (dot > 0 ? base.slice(0, dot) : base) + page;
}

/** 'a ↔ b', for headings and tooltips. */
export function pairName(pair: { readonly a: string; readonly b: string }): string {
  return `${tileName(pair.a)} ↔ ${tileName(pair.b)}`;
}

/**
 * The names without what all of them share at either end, cut where a word or number starts: `sample_r1_c2` among
 * others of the kind becomes `r1_c2`. Names stay whole when one of them would be left empty.
 */
export function shortNames(names: Iterable<string>): ReadonlyMap<string, string> {
  const all = [...new Set(names)];
  const whole = new Map(all.map((name) => [name, name]));
  if (all.length < 2) return whole;
  const start = sharedStart(all);
  const end = sharedStart(all.map((name) => reversed(name.slice(start))));
  const short = new Map(all.map((name) => [name, name.slice(start, name.length - end)]));
  return [...short.values()].every((name) => name !== '') ? short : whole;
}

/** Length of the longest common start of all names that ends behind a separator. */
function sharedStart(names: readonly string[]): number {
  const [first] = names;
  let shared = 0;
  while (shared < first.length && names.every((name) => name[shared] === first[shared])) shared++;
  while (shared > 0 && /[\p{L}\p{N}]/u.test(first[shared - 1])) shared--;
  return shared;
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}
