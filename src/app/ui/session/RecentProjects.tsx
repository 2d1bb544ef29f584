import { Trash2 } from 'lucide-react';
import { useRef } from 'react';
import { useStore } from 'zustand';
import { countText } from '../../../core/count-text.ts';
import type { RecentProject } from '../../state/session.ts';
import { useApp } from '../app-context.ts';
import './session.css';

/** Projects of earlier visits, the one that was interrupted first, and the door for project files. */
export function RecentProjects() {
  const { jobs } = useApp();
  const { recent, pending } = useStore(jobs.session.state);
  const input = useRef<HTMLInputElement>(null);
  const ordered = [...recent].sort((p, q) => Number(q.isOpen) - Number(p.isOpen));
  return (
    <section className="recent-projects" aria-label="Projects">
      {pending && (
        <p className="recent-pending" role="status" data-testid="pending-project">
          Drop the folder of <strong>{pending.name}</strong> ({pending.files.length} files, {pending.files[0]?.path} …)
          to continue where you were. Files are recognised by their content; nothing that is known is computed again.
        </p>
      )}
      {ordered.length > 0 && (
        <ul>
          {ordered.map((project) => (
            <RecentRow key={project.id} project={project} />
          ))}
        </ul>
      )}
      <button type="button" data-testid="open-project" onClick={() => input.current?.click()}>
        Open a project file
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept=".json,application/json"
        aria-label="Project file"
        data-testid="project-input"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          currentTarget.value = '';
          if (file) void jobs.session.openFile(file);
        }}
      />
    </section>
  );
}

function RecentRow({ project }: { readonly project: RecentProject }) {
  const { jobs } = useApp();
  const { id, name, tiles, corrections, savedAt, isOpen, hasHandles, distinction } = project;
  return (
    <li data-testid="recent-project" data-open={isOpen}>
      <button
        type="button"
        className={isOpen ? 'primary' : ''}
        title={hasHandles ? 'The browser asks once for the folder' : 'You will be asked for its folder'}
        onClick={() => void jobs.session.continueProject(id)}
      >
        {isOpen ? 'Continue' : 'Open'} {name}
      </button>
      <span className="dim small">
        {tiles} files{corrections > 0 && `, ${countText(corrections, 'correction')}`} ·{' '}
        {new Date(savedAt).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}
        {distinction && <span data-testid="distinction"> · {distinction}</span>}
      </span>
      <button
        type="button"
        className="icon"
        aria-label={`Forget ${distinction ? `${name}, ${distinction}` : name}`}
        onClick={() => void jobs.session.forget(id)}
      >
        <Trash2 className="small" aria-hidden="true" />
      </button>
    </li>
  );
}
