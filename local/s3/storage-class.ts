/**
 * The storage classes whose objects must be restored before they can be read. The local S3 does not restore them.
 * Their headers, tags and names can be read as those of any object.
 */
import { invalidObjectState } from './errors.ts';

export const ARCHIVED_CLASSES: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE'];

const STORAGE_CLASS = 'x-amz-storage-class';

const STANDARD = 'STANDARD';

type Headers = Readonly<Record<string, string>>;

/** Returns the header to keep of an object: none for the standard class, which goes without saying. */
export function storageClassHeader(headers: Headers): Record<string, string> {
  const value = headers[STORAGE_CLASS];
  return value === undefined || value === STANDARD ? {} : { [STORAGE_CLASS]: value };
}

/** Returns the storage class by the headers that an object kept. */
export function storageClassOf(headers: Headers): string {
  return headers[STORAGE_CLASS] ?? STANDARD;
}

/** @throws InvalidObjectState for an archived object */
export function assertReadable(headers: Headers): void {
  const storageClass = storageClassOf(headers);
  if (ARCHIVED_CLASSES.includes(storageClass)) throw invalidObjectState(storageClass);
}
