/**
 * The times that a signal can speak of: CloudTrail tells whole seconds, and KMS spreads a change of a key in minutes.
 */
export interface Moment {
  readonly now: Date;
  /** The longest that KMS may take to spread a change of a key. */
  readonly propagationSeconds: number;
}

/** Returns the time that KMS's answers of now are about: whatever changed before it has reached all of KMS. */
export function settledAt(now: Date, propagationSeconds: number): string {
  return new Date(wholeSecondMs(now.getTime() - propagationSeconds * 1000)).toISOString();
}

export function wholeSecondMs(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
