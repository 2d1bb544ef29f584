import { crc32 } from 'node:zlib';
import { StitchError } from '../../src/core/errors.ts';
import { maxCaseAllocation } from './allocation-meter.ts';
import type { AllocationMeter } from './allocation-meter.ts';
import { WrongValue } from './check-image.ts';
import { drawsOf } from './draw.ts';
import { targets } from './targets.ts';
import type { TargetId } from './targets.ts';

/** How a reader failed an input: its own error, a value that breaks its promise, memory, an error that names nothing. */
export type FailureKind =
  'exception' | 'wrong-value' | 'allocation' | 'nameless-error' | 'unhandled' | 'hang' | 'out-of-memory';

/** What became of an input. */
export interface Verdict {
  readonly failure: FailureKind | null;
  /** Equal for inputs that took the same way, as far as it shows: what was read, or the error without its numbers. */
  readonly signature: string;
}

/**
 * Reads one input and judges: it must end with a value that keeps its promises or with a `StitchError` that names the
 * file. The same bytes give the same verdict.
 */
export async function judge(id: TargetId, bytes: Uint8Array, meter?: AllocationMeter): Promise<Verdict> {
  const target = targets[id];
  meter?.reset();
  let verdict: Verdict;
  try {
    verdict = { failure: null, signature: `value ${await target.read(bytes, drawsOf(7, crc32(bytes)))}` };
  } catch (error) {
    verdict = verdictOf(error, target.file);
  }
  if (meter !== undefined && meter.bytes() > maxCaseAllocation)
    return { failure: 'allocation', signature: `${Math.ceil(meter.bytes() / 2 ** 20)} MiB; ${verdict.signature}` };
  return verdict;
}

function verdictOf(error: unknown, file: string): Verdict {
  if (error instanceof StitchError) {
    const { code, message, detail } = error;
    // What is about one file says so; a solution or a manifest is the only one there is.
    const isNamed =
      detail.file === undefined
        ? file.endsWith('.json') || file === 'names' || code === 'too-large'
        : message.includes(detail.file);
    const isHelpful = /[.!?]$/.test(message);
    return { failure: isNamed && isHelpful ? null : 'nameless-error', signature: `${code} ${withoutNumbers(message)}` };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message} ${placeOf(error)}` : String(error);
  return { failure: error instanceof WrongValue ? 'wrong-value' : 'exception', signature: withoutNumbers(text) };
}

/** The first line of the stack that is in our sources. */
function placeOf(error: Error): string {
  return /\((?:file:\/\/)?[^)]*?((?:src|node_modules)\/[^):]+:\d+)/.exec(error.stack ?? '')?.[1] ?? '';
}

function withoutNumbers(text: string): string {
  return text
    .replace(/"[^"]*"/g, '""')
    .replace(/-?\d[\d.e+]*/g, '#')
    .slice(0, 160);
}
