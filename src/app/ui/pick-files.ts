/** Asks for files, or for a folder with all that is in it; must be called from a click or a key. */
export function pickFiles(kind: 'folder' | 'files', take: (files: readonly File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = kind === 'folder';
  input.addEventListener('change', () => take([...(input.files ?? [])]), { once: true });
  input.click();
}
