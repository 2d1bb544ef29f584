import type { Solution } from './solution-json.ts';

const columns = ['a', 'b', 'state', 'reason', 'matches', 'inliers', 'confidence', 'rms_px', 'residual_px'] as const;
const affineColumns = ['a_from_b_a', 'a_from_b_b', 'a_from_b_c', 'a_from_b_d', 'a_from_b_e', 'a_from_b_f'] as const;

/**
 * All proposed pairs of a solution as CSV (RFC 4180, LF), one a line, the rejected with their reason in words. Text
 * that a spreadsheet would run as a formula is led by an apostrophe.
 * @see OWASP, "CSV Injection"
 */
export function linksCsv(solution: Solution): string {
  const rows = solution.links.map((link) => {
    const reason = [link.reason, link.detail].filter((part) => part !== undefined).join(': ');
    const text = [link.a, link.b, link.state, reason].map(csvText);
    const numbers = [link.matches, link.inliers, link.confidence, link.rmsPx, link.residualPx];
    return [...text, ...numbers.map(csvNumber), ...(link.aFromB ?? affineColumns.map(() => null)).map(csvNumber)].join(
      ',',
    );
  });
  return `${[[...columns, ...affineColumns].join(','), ...rows].join('\n')}\n`;
}

/** A text cell, quoted where RFC 4180 asks for it and harmless in a spreadsheet. */
export function csvText(text: string): string {
  const safe = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  // Semicolons and tabs too: a spreadsheet of another country, or a paste, cuts there.
  return /[",;\t\n\r']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvNumber(value: number | null): string {
  return value === null ? '' : String(value);
}
