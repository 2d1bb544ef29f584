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
