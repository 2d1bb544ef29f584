type Plain = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of `value` is not as in `base`, field by field; undefined for nothing. */
export function difference(value: unknown, base: unknown): unknown {
  if (!isPlain(value) || !isPlain(base)) return JSON.stringify(value) === JSON.stringify(base) ? undefined : value;
  const fields = Object.entries(value).map(([name, own]) => [name, difference(own, base[name])] as const);
  const changed = fields.filter(([, own]) => own !== undefined);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

/** `base` with the fields that `said` has, at every depth; what `said` is must be checked by whoever did not write it. */
export function merged<T extends object>(base: T, said: unknown): T {
  return mergedPlain(base as unknown as Plain, said) as unknown as T;
}

function mergedPlain(base: Plain, said: unknown): Plain {
  if (!isPlain(said)) return base;
  const fields = Object.entries(said).map(([name, value]): readonly [string, unknown] => {
    const own = base[name];
    return [name, isPlain(own) && isPlain(value) ? mergedPlain(own, value) : value];
  });
  return { ...base, ...Object.fromEntries(fields) };
}
