/** The SQLite databases of the services: how one is opened, and how several statements are made one step. */
import { DatabaseSync } from 'node:sqlite';

/** The path of a database that nothing outlives. */
export const IN_MEMORY = ':memory:';

export interface DatabaseOptions {
  /**
   * True for a file that no later process opens. Its writes then cost half as much, because they need not survive
   * the death of this one. Default false.
   */
  readonly isTemporary?: boolean;
}

const LASTING = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;';
const TEMPORARY = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;';

/**
 * Opens a database, and makes it by `schema` when there is none. A killed process loses nothing of one that is not
 * temporary; a power cut may lose the last writes.
 */
export function openDatabase(
  path: string,
  schema: string,
  { isTemporary = false }: DatabaseOptions = {},
): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(isTemporary ? TEMPORARY : LASTING);
  database.exec(schema);
  return database;
}

/** Runs `work` completely or not at all. `work` must be synchronous. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
