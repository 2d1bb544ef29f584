import { useState } from 'react';
import { phaseOf } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import type { Overlay } from './commands/command.ts';
import { CommandPalette } from './commands/CommandPalette.tsx';
import { useCommandKeys } from './commands/use-command-keys.ts';
import { DiagnosticsDialog } from './DiagnosticsDialog.tsx';
import { DropTarget } from './DropTarget.tsx';
import { ErrorPanel } from './ErrorPanel.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { RunBar } from './RunBar.tsx';
import { StartPage } from './StartPage.tsx';
import { StatusBar } from './StatusBar.tsx';
import { TipProvider } from './Tip.tsx';
import { Workspace } from './Workspace.tsx';

/** The whole page; `data-state` says what it is doing. */
export function App() {
  const { store, jobs, offline, watch } = useApp();
  const phase = useAppState(phaseOf);
  const hasTiles = useAppState(({ project }) => project.tiles.length > 0);
  const [overlay, show] = useState<Overlay | null>(null);
  useCommandKeys({ store, jobs, offline, watch, show });
  /** A dialog says later that it was closed: by then another may be shown. */
  const hide = (closed: Overlay) => () => show((now) => (now === closed ? null : now));
  return (
    <div className="app" data-state={phase} data-testid="app">
      <TipProvider>
        <RunBar show={show} />
        {hasTiles ? <Workspace /> : <StartPage />}
        <StatusBar show={show} />
      </TipProvider>
      <ErrorPanel />
      <DropTarget />
      {overlay === 'keys' && <HelpDialog onClose={hide('keys')} />}
      {overlay === 'palette' && <CommandPalette show={show} onClose={hide('palette')} />}
      {overlay === 'diagnostics' && <DiagnosticsDialog onClose={hide('diagnostics')} />}
    </div>
  );
}
