/** `npm run errors-doc`: writes docs/errors.md from the tables that the app and the command line show. */
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { errorTable, rejectionTable, type ErrorEntry } from '../../src/core/error-table.ts';

/** Where the document lies, relative to the project's root. */
export const errorsDocumentPath = 'docs/errors.md';

/** docs/errors.md as the tables have it. */
export function errorsDocument(): string {
  const errors = Object.entries(errorTable).map(([code, entry]) => section(`## \`${code}\``, entry, entry.title));
  const rejections = Object.entries(rejectionTable).map(([reason, entry]) => section(`### \`${reason}\``, entry));
  return `${[introduction, ...errors, pairIntroduction, ...rejections].join('\n\n')}\n`;
}

const introduction = `# Errors

<!-- Made by \`npm run errors-doc\` from src/core/error-table.ts; change it there. -->

Every failure has a code. The app shows it in the error panel, the command line after its message on stderr (exit status
2; 1 for \`unexpected\`), the diagnostics (Diagnostics in the bottom line) list it. The message itself names the file, pair
or option.`;

const pairIntroduction = `## Pairs without a link

That two tiles cannot be linked is an outcome, not an error: the pair is listed with one of these reasons and a sentence
with its numbers, in the app and in \`solution.json\`.`;

type Section = Pick<ErrorEntry, 'cause' | 'next' | 'nextInTerminal'>;

function section(heading: string, { cause, next, nextInTerminal }: Section, title?: string): string {
  const inTerminal = nextInTerminal === undefined ? '' : `\n\n_On the command line:_ ${nextInTerminal}`;
  return `${heading}\n\n${title === undefined ? '' : `**${title}.** `}${cause}\n\n_Next step:_ ${next}${inTerminal}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(errorsDocumentPath, errorsDocument());
