/** Forged events, by which one tenant tries to make us believe something of another tenant's key. None may have an effect. */
import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { EVENT_BUS_ARN, REGION } from '../names.ts';
import type { Holder } from './stage.ts';

/** A rule by which the forger's account forwards every event of KMS, of whichever key, by the role it has anyway. */
export async function forwardEverything(endpoint: string, { kekArn }: Holder): Promise<void> {
  const accountId = accountOf(kekArn);
  const events = eventsOf(endpoint, accountId);
  const Name = 'everything';
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: ['aws.kms'] }) }));
  const RoleArn = `arn:aws:iam::${accountId}:role/sealstream-key-events`;
  await events.send(
    new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'bus', Arn: EVENT_BUS_ARN, RoleArn }] }),
  );
}

/**
 * Calls of the victim's key, which KMS refuses and the forger's trail tells of; and events put straight on the bus.
 * Throws where anybody takes them.
 */
export async function forge(endpoint: string, forger: Holder, victim: Holder): Promise<void> {
  await forger.button.tryOther(victim.kekArn);
  const Entries = ['DisableKey', 'EnableKey'].map((eventName) => ({
    EventBusName: EVENT_BUS_ARN,
    Source: 'aws.kms',
    DetailType: 'AWS API Call via CloudTrail',
    Detail: detailOf(eventName, victim.kekArn),
    Resources: [victim.kekArn],
  }));
  // Refused as a whole by the bus's policy, or entry by entry for the name of the source.
  const events = eventsOf(endpoint, accountOf(forger.kekArn));
  const answer = await events.send(new PutEventsCommand({ Entries })).catch(() => undefined);
  if (answer !== undefined && answer.FailedEntryCount !== Entries.length)
    throw new Error('EventBridge took an event in the name of AWS');
}

function detailOf(eventName: string, kekArn: string): string {
  return JSON.stringify({
    eventSource: 'kms.amazonaws.com',
    eventName,
    eventTime: new Date().toISOString(),
    recipientAccountId: accountOf(kekArn),
    requestParameters: { keyId: kekArn },
    resources: [{ accountId: accountOf(kekArn), type: 'AWS::KMS::Key', ARN: kekArn }],
  });
}

function eventsOf(endpoint: string, accountId: string): EventBridgeClient {
  const credentials = { accessKeyId: accountId, secretAccessKey: 'local' };
  return new EventBridgeClient({ endpoint, region: REGION, credentials });
}

function accountOf(kekArn: string): string {
  return kekArn.split(':')[4] ?? '';
}
