/** Invoked with `{ tenantId }`: makes a new version of the tenant's branch key. */
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { dynamoDbClient, kmsClientPerRegion } from '../shared/aws/clients.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { branchKeys } from '../shared/envelope/kms/branch-keys.ts';
import { name, readConfig } from '../shared/lambda/config.ts';
import { logger } from '../shared/lambda/observe.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { parseRotation, rotateBranchKey, type Rotated } from '../shared/onboarding/rotate.ts';

const config = readConfig({ STATE_TABLE: name, KEY_STORE_TABLE: name });

const ports = {
  tenants: dynamoTenants({ client: dynamoDbClient(), name: config.STATE_TABLE }),
  branchKeys: branchKeys({ table: branchKeyTable(config.KEY_STORE_TABLE), kmsFor: kmsClientPerRegion() }),
};

export const handler: Handler<unknown, Rotated> = lambda(async (event) => {
  const rotated = await rotateBranchKey(parseRotation(event), ports);
  logger.info('branch key rotated', { ...rotated });
  return rotated;
});
