/** The ports that the functions are made of. Each function takes some of them. */
import type { CacheEvent } from '../envelope/cache/partition.ts';
import type { KeyStorePorts } from '../envelope/kms/branch-keys.ts';
import type { BranchKeyTable } from '../envelope/kms/key-store.ts';
import type { KeyUse } from '../envelope/kms/key-use.ts';
import type { KeyEventLog } from '../lambda/key-event-log.ts';
import type { RemovePorts } from '../offboarding/removal-step.ts';
import type { Destinations } from '../ports/destinations.ts';
import type { ControlPlaneKms, DataPathKms } from '../ports/kms.ts';
import type { Leases } from '../ports/leases.ts';
import type { Parking } from '../ports/parking.ts';
import type { JobQueue, Redelivery, UploadQueue } from '../ports/queues.ts';
import type { Redrives } from '../ports/redrives.ts';
import type { SourceListing, Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { Hearings, Removals, Tenants } from '../ports/tenants.ts';
import type { Vault } from '../ports/vault.ts';
import type { RevocationLog } from '../revocation/first-hand.ts';
import type { WatchPorts } from '../watch/watch.ts';

/** All ports. aws-ports.ts makes them of AWS, and the tests make them in memory. */
export interface Ports {
  readonly state: State;
  readonly tenants: Tenants;
  readonly hearings: Hearings;
  readonly parking: Parking;
  readonly leases: Leases;
  readonly redrives: Redrives;
  readonly removals: Removals;
  readonly sources: Sources;
  readonly listing: SourceListing;
  readonly vault: Vault;
  readonly destinations: Destinations;
  readonly jobs: JobQueue;
  readonly uploads: UploadQueue;
  /** The redelivery of the queue that invokes the function. */
  readonly redelivery: Redelivery;
  /** KMS as the data path uses it. The wiring limits its rate. */
  readonly dataPathKms: DataPathKms;
  /** KMS as the control plane uses it. */
  readonly controlPlaneKms: ControlPlaneKms;
  /** The table of the branch keys. */
  readonly keyStore: BranchKeyTable;
  /** The clients of KMS that make branch keys. */
  readonly kmsFor: KeyStorePorts['kmsFor'];
  readonly deleteCiphertext: RemovePorts['deleteCiphertext'];
  readonly shredBranchKey: RemovePorts['shredBranchKey'];
  readonly now: () => Date;
  readonly recordKeyUse: (use: KeyUse) => void;
  readonly countCacheEvent: (event: CacheEvent) => void;
  readonly revocations: RevocationLog;
  readonly keyEvents: KeyEventLog;
  readonly reportNotice: WatchPorts['report'];
}
