import { parseArgs } from 'node:util';

/** Arguments that cannot be used; the message says which and what is possible. */
export class CommandError extends Error {}

type Spec = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

/**
 * Parses `args` against `spec`.
 * @throws CommandError for an unknown option, a missing value, or a wrong number of operands.
 */
export function parseArguments<S extends Spec>(
  args: readonly string[],
  spec: S,
  operands: readonly string[],
): {
  readonly operands: readonly string[];
  readonly options: Readonly<Partial<Record<keyof S & string, string | boolean>>>;
} {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: spec, allowPositionals: true, strict: true });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
  if (parsed.positionals.length !== operands.length)
    throw new CommandError(`${operands.join(' ')} expected, ${parsed.positionals.length} operands given`);
  return {
    operands: parsed.positionals,
    options: parsed.values as Partial<Record<keyof S & string, string | boolean>>,
  };
}

/** @throws CommandError unless `value` is one of `choices`. */
export function oneOf<T extends string>(
  option: string,
  value: string | boolean | undefined,
  choices: readonly T[],
  fallback: T,
): T {
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  if (!found) throw new CommandError(`${option} must be one of ${choices.join(', ')}, not ${String(value)}`);
  return found;
}

/** @throws CommandError unless `value` is a number in low…high. */
export function numberIn(
  option: string,
  value: string | boolean | undefined,
  low: number,
  high: number,
): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isFinite(number) || number < low || number > high || value === '')
    throw new CommandError(`${option} must be a number from ${low} to ${high}, not ${String(value)}`);
  return number;
}

export function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
