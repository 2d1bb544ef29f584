import type { IDBPDatabase } from 'idb';
import type { ProjectFile } from '../../../workers/protocol.ts';
import { answered, openStore, reading, reopened, writing, type MigrationStep } from './open-store.ts';

/** What is kept of a project between visits. */
export interface StoredProject {
  /** Names the record: that of its files, and what tells it from other records of the same files. */
  readonly id: string;
  readonly project: ProjectFile;
  /** Folders and files that the user dropped, where the browser lets them be opened again. */
  readonly handles: readonly FileSystemHandle[];
  readonly savedAt: number;
  /** False once the user has closed the project. */
  readonly isOpen: boolean;
}

/** Keeps projects between visits. */
export interface SessionStore {
  /** All projects, the latest first. */
  list(): Promise<readonly StoredProject[]>;
  put(project: StoredProject): Promise<void>;
  remove(id: string): Promise<void>;
  /** False where nothing outlives the page; true when absent. */
  readonly lasts?: () => Promise<boolean>;
  /** Removes a record, unless somebody has saved it again since. */
  removeUnchanged(project: StoredProject): Promise<void>;
}

/** A store that lasts as long as the page. */
export function memorySessionStore(): SessionStore {
  const projects = new Map<string, StoredProject>();
  return {
    list: async () => latestFirst([...projects.values()]),
    put: async (project) => void projects.set(project.id, project),
    remove: async (id) => void projects.delete(id),
    removeUnchanged: async ({ id, savedAt }) => void (projects.get(id)?.savedAt === savedAt && projects.delete(id)),
  };
}

const storeName = 'projects';
/** Older projects than so many are forgotten. */
const mostProjects = 12;

const projectSteps: readonly MigrationStep[] = [(database) => database.createObjectStore(storeName, { keyPath: 'id' })];

/** A store in IndexedDB; in private windows, where there is none, one in memory. */
export function persistentSessionStore(): SessionStore {
  const memory = memorySessionStore();
  const { within } = reopened((onCleared) => openStore('em-stitch-projects', projectSteps, onCleared));
  return {
    lasts: () => within(async (database) => database !== null),
    // Written by this page only; a project of an older version is checked when it is opened.
    list: () => within(async (database) => (database ? latestFirst(await allOf(database)) : memory.list())),
    put: (project) => within((database) => (database ? putProject(database, project) : memory.put(project))),
    remove: (id) => within((database) => (database ? answered(database.delete(storeName, id)) : memory.remove(id))),
    removeUnchanged: (project) =>
      within((database) => (database ? removeUnchanged(database, project) : memory.removeUnchanged(project))),
  };
}

async function putProject(database: IDBPDatabase, project: StoredProject): Promise<void> {
  await writing(database, storeName, (store) => store.put(project));
  // A project of ten thousand tiles is a megabyte: it is saved at every click, and the others are not read for that.
  if ((await reading(database, storeName, (kept) => kept.count())) <= mostProjects) return;
  const all = latestFirst(await allOf(database));
  for (const { id } of all.slice(mostProjects)) await database.delete(storeName, id);
}

async function removeUnchanged(database: IDBPDatabase, { id, savedAt }: StoredProject): Promise<void> {
  // Looked at and removed in one transaction: no tab can save in between.
  const transaction = database.transaction(storeName, 'readwrite');
  const remove = async () => {
    const kept = (await transaction.store.get(id)) as StoredProject | undefined;
    if (kept?.savedAt === savedAt) await transaction.store.delete(id);
  };
  await answered(Promise.all([remove(), transaction.done]));
}

async function allOf(database: IDBPDatabase): Promise<readonly StoredProject[]> {
  return (await reading(database, storeName, (store) => store.getAll())) as StoredProject[];
}

function latestFirst(projects: readonly StoredProject[]): readonly StoredProject[] {
  return [...projects].sort((p, q) => q.savedAt - p.savedAt);
}
