import { useEffect, useState } from 'react';
import { phaseOf } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import { DropTarget } from './DropTarget.tsx';
import { ErrorPanel } from './ErrorPanel.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { RunBar } from './RunBar.tsx';
import { StartPage } from './StartPage.tsx';
import { StatusBar } from './StatusBar.tsx';
import { Workspace } from './Workspace.tsx';

/** The whole page; `data-state` says what it is doing. */
export function App() {
  const phase = useAppState(phaseOf);
  const hasTiles = useAppState(({ project }) => project.tiles.length > 0);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  useShortcuts(() => setIsHelpOpen(true));
  return (
    <div className="app" data-state={phase} data-testid="app">
      <RunBar onHelp={() => setIsHelpOpen(true)} />
      {hasTiles ? <Workspace /> : <StartPage />}
      <StatusBar />
      <ErrorPanel />
      <DropTarget />
      <HelpDialog isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
    </div>
  );
}

/** Ctrl+Z, Ctrl+Shift+Z or Ctrl+Y, ?; typing in a field keeps the field's own undo. */
function useShortcuts(openHelp: () => void): void {
  const { jobs } = useApp();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (isTyping(event.target)) return;
      const key = event.key.toLowerCase();
      const isCommand = event.ctrlKey || event.metaKey;
      if (isCommand && key === 'z' && event.shiftKey) jobs.redo();
      else if (isCommand && key === 'z') jobs.undo();
      else if (isCommand && key === 'y') jobs.redo();
      else if (!isCommand && key === '?') openHelp();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [jobs, openHelp]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && ['text', 'number', 'search'].includes(target.type))
  );
}
