import type { Page } from '@playwright/test';
import { resolve } from 'node:path';

/** Drops real files or folders through trusted drag events, as a user does; a synthetic DragEvent carries no folder. */
export async function dropPaths(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const size = page.viewportSize() ?? { width: 1280, height: 720 };
  const at = { x: size.width / 2, y: size.height / 2 };
  const data = { items: [], files: paths.map((path) => resolve(path)), dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await session.detach();
}
