/** A KMS key with its past. The data plane may see an older view of it than the one that was last written. */
export type KeyState =
  'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'PendingReplicaDeletion';
export type KeyUsage = 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' | 'GENERATE_VERIFY_MAC';
export type KeyOrigin = 'AWS_KMS' | 'EXTERNAL';

export interface Grant {
  readonly grantId: string;
  readonly grantToken: string;
  readonly name?: string | undefined;
  readonly granteePrincipal: string;
  readonly retiringPrincipal?: string | undefined;
  readonly operations: readonly string[];
  readonly contextEquals?: Readonly<Record<string, string>> | undefined;
  readonly contextSubset?: Readonly<Record<string, string>> | undefined;
  readonly issuingAccount: string;
  readonly createdMs: number;
}

/**
 * The part of a key that decides whether it may be used. A change of it reaches the data plane after the
 * propagation delay.
 */
export interface KeyView {
  readonly sinceMs: number;
  readonly state: KeyState;
  /** The policy's text as it was given. */
  readonly policy: string;
  readonly grants: readonly Grant[];
}

export interface ImportedMaterial {
  readonly expiresMs?: number | undefined;
}

export interface Rotation {
  readonly periodDays: number;
  readonly nextMs: number;
}

export interface KmsKey {
  readonly keyId: string;
  readonly accountId: string;
  readonly region: string;
  readonly arn: string;
  readonly createdMs: number;
  readonly keySpec: string;
  readonly keyUsage: KeyUsage;
  readonly origin: KeyOrigin;
  /** The Region of the primary of a multi-Region key's set. Undefined for other keys. */
  readonly primaryRegion?: string | undefined;
  description: string;
  tags: Record<string, string>;
  /** The views, oldest first and never empty. The last one is current. */
  views: KeyView[];
  deletionMs?: number | undefined;
  /** The waiting period of a primary that waits for the deletion of its replicas. */
  pendingWindowDays?: number | undefined;
  /** The imported material of a key with origin EXTERNAL. Undefined while it has none. */
  imported?: ImportedMaterial | undefined;
  rotation?: Rotation | undefined;
}

/** The longest delay that a change can have. Older views are dropped. */
export const MAX_PROPAGATION_SECONDS = 3600;

export function keyArn(accountId: string, region: string, keyId: string): string {
  return `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
}

/** Returns the first view of a key. An EXTERNAL key waits for its material. */
export function firstView(sinceMs: number, origin: KeyOrigin, policy: string): KeyView {
  return { sinceMs, state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled', policy, grants: [] };
}

export function currentView(key: KmsKey): KeyView {
  return viewAt(key, Number.POSITIVE_INFINITY);
}

/** Returns the view that was current at an instant. The first view counts for all time before it. */
export function viewAt(key: KmsKey, atMs: number): KeyView {
  const view = key.views.findLast(({ sinceMs }) => sinceMs <= atMs) ?? key.views[0];
  if (view === undefined) throw new Error(`The key ${key.keyId} has no view`);
  return view;
}

export function changeView(key: KmsKey, sinceMs: number, change: Partial<Omit<KeyView, 'sinceMs'>>): void {
  const views = [...key.views, { ...currentView(key), ...change, sinceMs }];
  const oldestMs = sinceMs - MAX_PROPAGATION_SECONDS * 1000;
  key.views = views.filter((_view, index) => (views[index + 1]?.sinceMs ?? sinceMs) >= oldestMs);
}

export function isReplica(key: KmsKey): boolean {
  return key.primaryRegion !== undefined && key.primaryRegion !== key.region;
}
