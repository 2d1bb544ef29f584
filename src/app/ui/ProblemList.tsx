import { errorEntry } from '../../core/error-table.ts';
import { tileGroups } from '../state/project.ts';
import { warningsOfRun } from '../state/result.ts';
import { useApp, useAppState } from './app-context.ts';

interface ListedProblem {
  readonly code: string;
  readonly file: string;
  readonly message: string;
}

/** So many entries are listed; the rest is counted. */
const longestList = 100;

/** Everything about the drop that the user must know: files left out, doubled cells, mixed grids, several pages. */
export function ProblemList() {
  const inspection = useAppState(({ project }) => project.inspection);
  const layoutProblems = useAppState(({ project }) => project.edits.layoutProblems);
  const isLayingOut = useAppState(({ job }) => job.current.kind === 'running' && job.current.task !== 'stitch');
  const tileCount = useAppState(({ project }) => project.tiles.length);
  const run = useAppState(({ result }) => result.run);
  const warnings = warningsOfRun(run);
  if (!inspection) return null;
  const problems: readonly ListedProblem[] = [
    ...inspection.problems,
    ...(tileCount === 1 ? [onlyOne(inspection.tiles[0]?.file ?? '')] : []),
    ...(isLayingOut || tileCount < 2 ? [] : layoutProblems),
  ];
  const groups = tileGroups(inspection.tiles);
  const hasEntries = problems.length + warnings.length + inspection.notes.length + inspection.multiPage.length > 0;
  if (!hasEntries && groups.length < 2) return null;
  return (
    <section className="problems" data-testid="problem-list" aria-label="Problems and notes">
      {groups.length > 1 && <GroupChoice />}
      {inspection.multiPage.length > 0 && <PageChoiceForm />}
      <ul>
        {problems.slice(0, longestList).map((problem, k) => (
          <li key={k} className="problem" data-code={problem.code}>
            <strong>{errorEntry(problem.code).title}</strong>
            {problem.file && !problem.message.includes(problem.file) && <code>{problem.file}</code>}
            <p>{problem.message}</p>
          </li>
        ))}
        {problems.length > longestList && <li className="dim">… and {problems.length - longestList} more</li>}
        {warnings.map((warning) => (
          <li key={warning} className="warning">
            {warning}
          </li>
        ))}
        {inspection.notes.slice(0, longestList).map(({ file, note }, k) => (
          <li key={k} className="note dim">
            <code>{file}</code> {note}
          </li>
        ))}
      </ul>
    </section>
  );
}

function onlyOne(file: string): ListedProblem {
  return {
    code: 'one-tile',
    file,
    message: `"${file}" is the only tile; a mosaic needs at least two. Drop its neighbours anywhere on this page.`,
  };
}

/** Two grids in one drop: which one? */
function GroupChoice() {
  const { jobs } = useApp();
  const inspection = useAppState(({ project }) => project.inspection);
  const chosen = useAppState(({ project }) => project.group);
  const all = inspection?.tiles ?? [];
  return (
    <fieldset className="problem" data-testid="group-choice">
      <legend>Several grids may be mixed in this drop</legend>
      <label className="check">
        <input type="radio" name="group" checked={chosen === null} onChange={() => void jobs.chooseGroup(null)} />
        All {all.length} tiles together
      </label>
      {tileGroups(all).map(({ key, count, example }) => (
        <label key={key} className="check">
          <input type="radio" name="group" checked={chosen === key} onChange={() => void jobs.chooseGroup(key)} />
          Only the {count} like <code>{example}</code>
        </label>
      ))}
    </fieldset>
  );
}

/** Files with several pages: which one, or each page a tile? */
function PageChoiceForm() {
  const { jobs } = useApp();
  const multiPage = useAppState(({ project }) => project.inspection?.multiPage);
  const choice = useAppState(({ project }) => project.pages);
  if (!multiPage) return null;
  const most = multiPage.reduce((largest, { pages }) => Math.max(largest, pages), 1);
  const page = choice.kind === 'page' ? choice.page : 0;
  return (
    <fieldset className="problem" data-testid="page-choice">
      <legend>
        {multiPage.length === 1 ? `"${multiPage[0].file}" has` : `${multiPage.length} files have up to`} {most} pages
      </legend>
      <label className="check">
        <input
          type="radio"
          name="pages"
          checked={choice.kind === 'page'}
          onChange={() => void jobs.choosePages({ kind: 'page', page })}
        />
        Stitch page
        <input
          type="number"
          aria-label="Page to stitch"
          min={1}
          max={most}
          value={page + 1}
          onChange={({ target }) => {
            const typed = target.valueAsNumber;
            if (Number.isInteger(typed) && typed >= 1 && typed <= most)
              void jobs.choosePages({ kind: 'page', page: typed - 1 });
          }}
        />
      </label>
      <label className="check">
        <input
          type="radio"
          name="pages"
          checked={choice.kind === 'all'}
          onChange={() => void jobs.choosePages({ kind: 'all' })}
        />
        Every page is a tile
      </label>
    </fieldset>
  );
}
