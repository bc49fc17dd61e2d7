/**
 * What may go wrong meanwhile: sandboxes die in the middle of a call, and tenants try to make events of each other's
 * keys.
 */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalProcess } from '../local-process.ts';
import { ENCRYPT_ROLE, EVENT_BUS, ISV_ACCOUNT, REGION, RESTORE_ROLE } from '../names.ts';
import type { Holder } from './stage.ts';

export interface Chaos {
  /** Resolves when nothing is disturbed any more. */
  stop(): Promise<void>;
}

const PAUSE_MS = 700;
/** Before and after the calls that leave something behind. They take turns. */
const KILLS: readonly object[] = [
  { service: 's3', operation: 'PutObject', role: ENCRYPT_ROLE, when: 'before' },
  { service: 's3', operation: 'PutObject', role: RESTORE_ROLE, when: 'before' },
  { service: 's3', operation: 'PutObject', role: ENCRYPT_ROLE, when: 'after' },
  { service: 's3', operation: 'PutObject', role: RESTORE_ROLE, when: 'after' },
  { service: 'dynamodb', role: ENCRYPT_ROLE, when: 'after' },
  { service: 'kms', role: RESTORE_ROLE, when: 'after' },
  { service: 'kms', role: ENCRYPT_ROLE, when: 'before' },
];

export function startChaos(local: LocalProcess, holders: readonly [Holder, Holder]): Chaos {
  const stopping = new AbortController();
  const running = wreak(local, holders, stopping.signal);
  running.catch(() => undefined);
  return {
    async stop() {
      stopping.abort();
      await running;
      await local.tell('DELETE', 'faults');
    },
  };
}

async function wreak(
  local: LocalProcess,
  [one, other]: readonly [Holder, Holder],
  signal: AbortSignal,
): Promise<void> {
  for (let turn = 0; !signal.aborted; turn += 1) {
    await local.tell('POST', 'faults', { ...KILLS[turn % KILLS.length], effect: { kill: true }, count: 1 });
    await one.button.tryOther(other.kekArn);
    await other.button.tryOther(one.kekArn);
    await forge(local.endpoint, one.kekArn, other.kekArn);
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** As another tenant, straight on the bus: events that say what the key's own would say. */
async function forge(endpoint: string, kekArn: string, forgerKekArn: string): Promise<void> {
  const credentials = { accessKeyId: forgerKekArn.split(':')[4] ?? '', secretAccessKey: 'local' };
  const events = new EventBridgeClient({ endpoint, region: REGION, credentials });
  const detail = (eventName: string): string =>
    JSON.stringify({
      eventSource: 'kms.amazonaws.com',
      eventName,
      eventTime: new Date().toISOString(),
      requestParameters: { keyId: kekArn },
      resources: [{ accountId: kekArn.split(':')[4], type: 'AWS::KMS::Key', ARN: kekArn }],
    });
  const Entries = ['DisableKey', 'EnableKey'].map((eventName) => ({
    EventBusName: `arn:aws:events:${REGION}:${ISV_ACCOUNT}:event-bus/${EVENT_BUS}`,
    Source: 'aws.kms',
    DetailType: 'AWS API Call via CloudTrail',
    Detail: detail(eventName),
    Resources: [kekArn],
  }));
  // Refused as a whole by the bus's policy, or entry by entry for the name of the source.
  const answer = await events.send(new PutEventsCommand({ Entries })).catch(() => undefined);
  if (answer !== undefined && answer.FailedEntryCount !== Entries.length)
    throw new Error('EventBridge took an event in the name of AWS');
}
