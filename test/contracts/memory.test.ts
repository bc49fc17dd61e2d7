/** Holds the doubles in memory to the contracts of their ports. */
import { describe } from 'vitest';
import { tenantSchema } from '../../shared/tenant/tenant.ts';
import { effects } from '../support/effects.ts';
import { queue } from '../support/fleet/queue.ts';
import { kmsStandIn } from '../support/kms-stand-in.ts';
import { memoryDestinations, memorySources, memoryVault } from '../support/memory-buckets.ts';
import { memoryHearings, memoryRemovals } from '../support/memory-control-plane.ts';
import { memoryKeyStore } from '../support/memory-key-store.ts';
import { memoryKms } from '../support/memory-kms.ts';
import { memoryLeases, memoryParking } from '../support/memory-parking.ts';
import { memoryListing, memoryRedrives, memoryUploads } from '../support/memory-redrives.ts';
import { memoryJobs, memoryState } from '../support/memory-state.ts';
import { memoryTenants } from '../support/memory-tenants.ts';
import { ACME } from '../support/tenants.ts';
import { branchKeyTableContract } from './branch-key-table.ts';
import { destinationsContract } from './destinations.ts';
import { hearingsContract } from './hearings.ts';
import { controlPlaneKmsContract, dataPathKmsContract } from './kms.ts';
import { leasesContract } from './leases.ts';
import { parkingContract } from './parking.ts';
import { jobQueueContract, redeliveryContract, uploadQueueContract } from './queues.ts';
import { redrivesContract } from './redrives.ts';
import { removalsContract } from './removals.ts';
import { listingContract, sourcesContract } from './sources.ts';
import { stateContract } from './state.ts';
import { tenantsContract } from './tenants.ts';
import { vaultContract } from './vault.ts';

const { kekArn } = ACME;
let uploads = 0;

function versionOf(key: string) {
  uploads += 1;
  return {
    bucket: 'ingest',
    key,
    versionId: `v${uploads}`,
    sequencer: '0A',
    uploadedAt: '2026-01-01T00:00:00.000Z',
  };
}

describe('tenants', () => {
  tenantsContract(() => memoryTenants());
});
describe('hearings', () => {
  hearingsContract(() => memoryHearings());
});
describe('removals', () => {
  removalsContract(() => memoryRemovals());
});
describe('parking', () => {
  parkingContract(() => memoryParking(effects()));
});
describe('leases', () => {
  leasesContract(() => memoryLeases(effects()));
});
describe('the state', () => {
  stateContract(() => {
    const state = memoryState(effects());
    return {
      state,
      register: (tenant) => Promise.resolve(state.tenants.set(tenant.tenantId, tenantSchema.parse(tenant))),
      rejected: (id) =>
        Promise.resolve(
          [...state.rejections.values()].filter((one) => one.id === id).map(({ message }) => message),
        ),
    };
  });
});
describe('redrives', () => {
  redrivesContract(() => {
    const state = memoryState(effects());
    return { state, redrives: memoryRedrives(effects(), state) };
  });
});
describe('the branch keys’ table', () => {
  branchKeyTableContract(() => memoryKeyStore().table);
});

describe('sources', () => {
  sourcesContract(() => {
    const sources = memorySources(effects());
    return {
      sources,
      async upload(key, body) {
        const source = versionOf(key);
        const attributes = {
          contentType: 'text/plain',
          metadata: { owner: 'legal' },
          tags: { class: 'secret' },
        };
        const checksums = [{ algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' }] as const;
        sources.versions.set(source.versionId, { body, attributes, checksums });
        return await Promise.resolve(source);
      },
    };
  });
});
describe('the listing', () => {
  listingContract(() => {
    const listing = memoryListing(effects());
    return {
      listing,
      async upload(key, body) {
        const source = versionOf(key);
        listing.listed.push({ ...source, sizeBytes: body.length });
        return await Promise.resolve(source);
      },
      async remove({ versionId }) {
        const at = listing.listed.findIndex((version) => version.versionId === versionId);
        await Promise.resolve(listing.listed.splice(at, 1));
      },
    };
  });
});
describe('the vault', () => {
  vaultContract(() => memoryVault(effects()));
});
describe('destinations', () => {
  destinationsContract(() => {
    const destinations = memoryDestinations(effects());
    return {
      destinations,
      bucket: 'restored',
      read: (key) => Promise.resolve(destinations.objects.get(`restored/${key}`)?.body),
    };
  });
});

describe('the job queue', () => {
  jobQueueContract(() => {
    const jobs = memoryJobs(effects());
    return {
      jobs,
      received: () => Promise.resolve(jobs.requests.flat().map((job) => JSON.stringify(job))),
    };
  });
});
describe('the upload queue', () => {
  uploadQueueContract(() => {
    const memory = memoryUploads(effects());
    return { uploads: memory, received: () => Promise.resolve(memory.notifications) };
  });
});
describe('redelivery', () => {
  redeliveryContract(() => {
    const messages = queue();
    return {
      redelivery: {
        delay: ({ messageId }, seconds) => Promise.resolve(messages.hide(messageId, seconds)),
      },
      send: (body) => Promise.resolve(messages.send(body)),
      receive: () => Promise.resolve(messages.receive(0)),
    };
  });
});

describe('KMS of the data path', () => {
  dataPathKmsContract(() => {
    const kms = kmsStandIn();
    kms.addKey(kekArn);
    return { kms, kekArn };
  });
});
describe('KMS of the control plane', () => {
  controlPlaneKmsContract(() => {
    const kms = memoryKms();
    const [disabled, denying] = [`${kekArn}-disabled`, `${kekArn}-denying`];
    kms.key(disabled).description = { state: 'Disabled' };
    kms.key(denying).grants = [];
    return { kms, kekArns: { granting: kekArn, disabled, denying } };
  });
});
