import { readTextSize } from '../state/text-size.ts';
import { updateSlice, type AppStore } from '../state/store.ts';

/** Of this screen, not of a project or a link: kept by itself. */
const key = 'em-stitch text size';

/**
 * Takes up the size of text that was chosen on this machine, applies it, and keeps every later choice. The root's font
 * size changes before anybody is drawn with the new choice: who asks for it gets the new one.
 */
export function followTextSize(store: AppStore, page: Window): void {
  const apply = (size: number) => {
    page.document.documentElement.style.fontSize = size === 100 ? '' : `${size}%`;
  };
  const textSize = readTextSize(kept(page));
  updateSlice(store, 'view', (view) => ({ ...view, textSize }));
  apply(textSize);
  store.subscribe(({ view }, { view: before }) => {
    if (view.textSize === before.textSize) return;
    apply(view.textSize);
    keep(page, String(view.textSize));
  });
}

/** Storage that the user forbade throws: then the size is the browser's own, and lasts as long as the page. */
function kept(page: Window): string | null {
  try {
    return page.localStorage.getItem(key);
  } catch (error) {
    console.info('the size of text is not kept', error);
    return null;
  }
}

function keep(page: Window, text: string): void {
  try {
    page.localStorage.setItem(key, text);
  } catch (error) {
    console.info('the size of text is not kept', error);
  }
}
