/**
 * The storage classes whose objects must be restored before anybody reads them, which the local S3 never does. Their
 * headers, tags and names are there as any object's.
 */
import { invalidObjectState } from './errors.ts';
import type { Version } from './versions.ts';

export const ARCHIVED_CLASSES: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE'];

const STORAGE_CLASS = 'x-amz-storage-class';

const STANDARD = 'STANDARD';

/** The header of an object in another class than the one that goes without saying. */
export function storageClassHeader(headers: Readonly<Record<string, string>>): Record<string, string> {
  const value = headers[STORAGE_CLASS];
  return value === undefined || value === STANDARD ? {} : { [STORAGE_CLASS]: value };
}

export function storageClassOf({ attributes }: Version): string {
  return attributes.headers[STORAGE_CLASS] ?? STANDARD;
}

/** Throws InvalidObjectState. */
export function assertReadable(version: Version): void {
  const storageClass = storageClassOf(version);
  if (ARCHIVED_CLASSES.includes(storageClass)) throw invalidObjectState(storageClass);
}
