/**
 * What a tenant sets up in its account so that we hear what happens to its key: a rule that forwards the events of
 * KMS to our bus, by a role that may do nothing else.
 */
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { keyEventPattern } from '../shared/handover/key-events.ts';
import type { Roles } from '../local/iam/roles.ts';
import { EVENT_BUS_ARN, REGION } from './names.ts';

const NAME = 'sealstream-key-events';

/** Idempotent. */
export async function forwardKeyEvents(endpoint: string, kekArn: string, roles: Roles): Promise<void> {
  const [, , , , accountId = '', resource = ''] = kekArn.split(':');
  const RoleArn = `arn:aws:iam::${accountId}:role/${NAME}`;
  const Statement = { Effect: 'Allow', Action: 'events:PutEvents', Resource: EVENT_BUS_ARN } as const;
  roles.put(RoleArn, [{ Version: '2012-10-17', Statement }]);
  const credentials = { accessKeyId: accountId, secretAccessKey: 'local' };
  const events = new EventBridgeClient({ endpoint, region: REGION, credentials });
  const EventPattern = JSON.stringify(keyEventPattern({ arn: kekArn, id: resource.split('/')[1] }));
  await events.send(new PutRuleCommand({ Name: NAME, EventPattern }));
  await events.send(
    new PutTargetsCommand({ Rule: NAME, Targets: [{ Id: 'sealstream', Arn: EVENT_BUS_ARN, RoleArn }] }),
  );
}
