/** Invoked with `{ action: 'render' | 'add' | 'check' | 'change-key' | 'show' | 'list', … }`: tenants that come or stay. */
import { branchKeyTable } from '../shared/aws/branch-key-table.ts';
import { dynamoDbClient, kmsClientPerRegion } from '../shared/aws/clients.ts';
import { controlPlaneKms } from '../shared/aws/control-plane-kms.ts';
import { dynamoHearings } from '../shared/aws/dynamo-hearings.ts';
import { dynamoParking } from '../shared/aws/dynamo-parking.ts';
import { dynamoTenants } from '../shared/aws/dynamo-tenants.ts';
import { branchKeys } from '../shared/envelope/kms/branch-keys.ts';
import { name, propagationSeconds, readConfig } from '../shared/lambda/config.ts';
import { logger } from '../shared/lambda/observe.ts';
import { reportRow } from '../shared/lambda/row-log.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';
import { onboard, type OnboardAnswer } from '../shared/onboarding/onboard.ts';
import { ourselvesOf } from '../shared/handover/input.ts';
import { parseOnboardRequest } from '../shared/onboarding/request.ts';

const config = readConfig({
  STATE_TABLE: name,
  KEY_STORE_TABLE: name,
  STAGE: name,
  ENCRYPT_ROLE_ARN: name,
  RESTORE_ROLE_ARN: name,
  CONTROL_ROLE_ARN: name,
  EVENT_BUS_ARN: name,
  PROPAGATION_SECONDS: propagationSeconds,
});

const table = { client: dynamoDbClient(), name: config.STATE_TABLE };
const ports = {
  tenants: dynamoTenants(table),
  parking: dynamoParking(table, reportRow),
  hearings: dynamoHearings(table),
  kms: controlPlaneKms(),
  branchKeys: branchKeys({ table: branchKeyTable(config.KEY_STORE_TABLE), kmsFor: kmsClientPerRegion() }),
  ourselves: ourselvesOf({
    encryptRoleArn: config.ENCRYPT_ROLE_ARN,
    restoreRoleArn: config.RESTORE_ROLE_ARN,
    controlRoleArn: config.CONTROL_ROLE_ARN,
    eventBusArn: config.EVENT_BUS_ARN,
  }),
  stage: config.STAGE,
  propagationSeconds: config.PROPAGATION_SECONDS,
  now: () => new Date(),
};

export const handler: Handler<unknown, OnboardAnswer> = lambda(async (event) => {
  const request = parseOnboardRequest(event);
  const answer = await onboard(request, ports);
  logger.info('asked to onboard', { action: request.action, ...('status' in answer ? judged(answer) : {}) });
  return answer;
});

function judged({ tenantId, status }: Extract<OnboardAnswer, { readonly status: string }>): object {
  return { tenantId, status };
}
