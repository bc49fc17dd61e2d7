/** A KMS key as it rests, and its past: what the data plane sees may lag behind what was last written. */
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

/** What decides whether a key may be used; a change of it reaches the data plane after the propagation delay. */
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
  /** Set for multi-Region keys: where the primary of the set is. */
  readonly primaryRegion?: string | undefined;
  description: string;
  tags: Record<string, string>;
  /** Oldest first, never empty; the last one is current. */
  views: KeyView[];
  deletionMs?: number | undefined;
  /** A primary that waits for its replicas remembers its own waiting period. */
  pendingWindowDays?: number | undefined;
  /** Origin EXTERNAL only; unset while there is no material. */
  imported?: ImportedMaterial | undefined;
  rotation?: Rotation | undefined;
}

/** The longest delay a change can take, in seconds; older views are dropped. */
export const MAX_PROPAGATION_SECONDS = 3600;

export function keyArn(accountId: string, region: string, keyId: string): string {
  return `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
}

/** The view a key begins with: imported material has yet to come. */
export function firstView(sinceMs: number, origin: KeyOrigin, policy: string): KeyView {
  return { sinceMs, state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled', policy, grants: [] };
}

export function currentView(key: KmsKey): KeyView {
  return viewAt(key, Number.POSITIVE_INFINITY);
}

/** The view that was current at an instant; a key is visible as created from the start. */
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
