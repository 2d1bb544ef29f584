import { X } from 'lucide-react';
import { errorTable } from '../../core/error-table.ts';
import { useApp, useAppState } from './app-context.ts';

/** Failures stay until they are dismissed. */
export function ErrorPanel() {
  const { jobs } = useApp();
  const errors = useAppState(({ job }) => job.errors);
  return (
    <div className="errors" role="alert" data-testid="error-panel">
      {errors.map(({ id, code, message }) => (
        <div key={id} className="error" data-code={code}>
          <strong>
            {errorTable[code].title} <code className="error-code">{code}</code>
          </strong>
          <button type="button" className="bare" aria-label="Dismiss" onClick={() => jobs.dismissError(id)}>
            <X className="small" aria-hidden="true" />
          </button>
          <p>{message}</p>
          <p className="dim">{errorTable[code].next}</p>
        </div>
      ))}
    </div>
  );
}
