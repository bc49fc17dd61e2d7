/**
 * Serves tenants that come or stay. Somebody invokes it with `{ action: 'render' | 'add' | 'check' | 'change-key' |
 * 'show' | 'list', … }`.
 */
import { name, propagationSeconds, readConfig } from '../shared/lambda/config.ts';
import { logger } from '../shared/lambda/observe.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { onboardPorts } from '../shared/wiring/aws-ports.ts';
import { onboardFunction } from '../shared/wiring/onboard.ts';

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
const { parse, answer } = onboardFunction(onboardPorts(config), {
  stage: config.STAGE,
  arns: {
    encryptRoleArn: config.ENCRYPT_ROLE_ARN,
    restoreRoleArn: config.RESTORE_ROLE_ARN,
    controlRoleArn: config.CONTROL_ROLE_ARN,
    eventBusArn: config.EVENT_BUS_ARN,
  },
  propagationSeconds: config.PROPAGATION_SECONDS,
});

export const handler: Handler = createHandler(async (event, signal) => {
  const request = parse(event);
  const answered = await answer(request, signal);
  const { tenantId, status } = 'status' in answered ? answered : {};
  logger.info('asked to onboard', { action: request.action, ...(status && { tenantId, status }) });
  return answered;
});
