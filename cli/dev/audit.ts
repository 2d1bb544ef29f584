import { spawnSync } from 'node:child_process';

/** How the audit came out, with the line that says so. */
export interface AuditVerdict {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly sentence: string;
}

/** Severities that fail the build. */
const severities = ['moderate', 'high', 'critical'] as const;
const timeoutMs = 60_000;

/** Asks the registry for known vulnerabilities of what ships; skipped, by name, where it cannot be reached. */
export function auditShippedPackages(): AuditVerdict {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000'];
  const { stdout } = spawnSync('npm', args, { encoding: 'utf8', timeout: timeoutMs });
  return auditVerdict(stdout ?? '');
}

/** The verdict of `npm audit --json`'s output. */
export function auditVerdict(output: string): AuditVerdict {
  const counts = countsOf(output);
  if (!counts) return { outcome: 'skipped', sentence: 'npm audit: skipped, the registry gave no answer' };
  const found = severities.map((severity) => [severity, counts[severity] ?? 0] as const).filter(([, n]) => n > 0);
  if (found.length === 0) return { outcome: 'passed', sentence: 'npm audit: no known vulnerability in what ships' };
  const total = found.reduce((sum, [, n]) => sum + n, 0);
  const listed = found.map(([severity, n]) => `${n} ${severity}`).join(', ');
  return { outcome: 'failed', sentence: `npm audit: ${total} known vulnerabilities (${listed}) in what ships` };
}

function countsOf(output: string): Readonly<Record<string, number>> | null {
  try {
    const report = JSON.parse(output) as { metadata?: { vulnerabilities?: Record<string, number> } } | null;
    return report?.metadata?.vulnerabilities ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
