/** The SQLite databases of the services: how one is opened, and how several statements are made one step. */
import { DatabaseSync } from 'node:sqlite';

/** The path of a database that nothing outlives. */
export const IN_MEMORY = ':memory:';

/**
 * Opens a database, and makes it by `schema` when there is none. A killed process loses nothing; a power cut may
 * lose the last writes.
 */
export function openDatabase(path: string, schema: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
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
