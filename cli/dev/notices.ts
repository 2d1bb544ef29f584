/** `npm run notices`: writes THIRD_PARTY_NOTICES.md from the licences of everything that ships in the build. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockedPackages } from './locked-packages.ts';

const shipped = lockedPackages().filter(({ isShipped }) => isShipped);

const parts = shipped.map(({ path, name, version, licence }) => {
  const file = existsSync(path) ? readdirSync(path).find((entry) => /^(licen[sc]e|copying)/i.test(entry)) : undefined;
  const text = file
    ? readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n').trim()
    : 'The package carries no licence file.';
  return `## ${name} ${version}\n\nLicence: ${licence ?? 'see below'}\n\n\`\`\`\n${text}\n\`\`\`\n`;
});

writeFileSync(
  'THIRD_PARTY_NOTICES.md',
  `# Third-party notices\n\nPackages that are part of the build, with their licences (made by \`npm run notices\`).\n\n${parts.join('\n')}`,
);
process.stdout.write(`${parts.length} packages\n`);
