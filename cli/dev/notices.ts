/** `npm run notices`: writes THIRD_PARTY_NOTICES.md from the licences of everything that ships in the build. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockPackage> };
const shipped = Object.entries(lock.packages)
  .filter(([path, entry]) => path !== '' && !entry.dev && !entry.optional && !entry.devOptional)
  .sort(([p], [q]) => (p < q ? -1 : 1));

const parts = shipped.map(([path, { version, license }]) => {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const file = existsSync(path) ? readdirSync(path).find((entry) => /^(licen[sc]e|copying)/i.test(entry)) : undefined;
  const text = file
    ? readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n').trim()
    : 'The package carries no licence file.';
  return `## ${name} ${version ?? ''}\n\nLicence: ${license ?? 'see below'}\n\n\`\`\`\n${text}\n\`\`\`\n`;
});

writeFileSync(
  'THIRD_PARTY_NOTICES.md',
  `# Third-party notices\n\nPackages that are part of the build, with their licences (made by \`npm run notices\`).\n\n${parts.join('\n')}`,
);
process.stdout.write(`${parts.length} packages\n`);
